"""Graphs made by hand: figures and baselines of the papers, drawn for any problem that they fit; one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from valp.errors import SettingError
from valp.graph.graph import Graph
from valp.spaces.catalogue.autoencoders import beta_vae, mt_vae, mt_vae_separate, vae
from valp.spaces.catalogue.illustrations import figure_2, figure_7
from valp.spaces.catalogue.shared_representations import lenet, mtvib
from valp.spaces.problem.description import Description


@dataclass(frozen=True)
class CatalogueGraph:
    """A graph made by hand.

    Attributes:
        title: a line about it.
        source: where it comes from.
        build: draws it with all inputs and outputs of a problem; raises `SettingError` where it does not fit.
    """

    title: str
    source: str
    build: Callable[[Description], Graph]


CATALOGUE: dict[str, CatalogueGraph] = {
    "figure-2": CatalogueGraph("five networks that classify, regress and generate", "002, Figure 2 and IV-A", figure_2),
    "figure-7": CatalogueGraph(
        "two decoders, one of them conditioned by the input",
        "002, Figure 7 and V-D3, in part ours",
        figure_7,
    ),
    "mtvib": CatalogueGraph(
        "multi-task variational information bottleneck: c → g → b → a head for each output",
        "001, tables I and II",
        mtvib,
    ),
    "vae": CatalogueGraph("variational autoencoder: g → g → d", "Kingma & Welling 2014, arXiv:1312.6114", vae),
    "beta-vae": CatalogueGraph("the same with β = 4 for its KL", "Higgins et al. 2017 (β-VAE)", beta_vae),
    "mt-vae": CatalogueGraph(
        "multi-task VAE: a latent space for each output, from one encoder",
        "multi-task variational autoencoders; the layers are ours",
        mt_vae,
    ),
    "mt-vae-separate": CatalogueGraph(
        "multi-task VAE: a latent space and an encoder for each output",
        "multi-task variational autoencoders; the layers are ours",
        mt_vae_separate,
    ),
    "lenet": CatalogueGraph(
        "hard-sharing LeNet: c → g → a head for each output", "003, 5.3; Sener & Koltun 2018, arXiv:1810.04650", lenet
    ),
}


def catalogue_entry(name: str) -> CatalogueGraph:
    """The entry of a name.

    Raises:
        SettingError: if there is none.
    """
    if name not in CATALOGUE:
        close = get_close_matches(name, CATALOGUE, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise SettingError(f"a graph of the catalogue must be one of {', '.join(CATALOGUE)}, but got {name!r}{hint}")
    return CATALOGUE[name]


def catalogue_graph(name: str, problem: Description) -> Graph:
    """The graph of an entry for a problem, with all its inputs and outputs, each judged by its own losses.

    Raises:
        SettingError: if there is no entry of that name, or it does not fit the problem.
    """
    return catalogue_entry(name).build(problem)
