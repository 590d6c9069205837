"""A table of hand-made graphs: figures and baselines from papers, built for any problem that they fit."""

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
    """A hand-made graph.

    Attributes:
        title: one line about the graph.
        source: the paper that it comes from.
        build: makes the graph with all inputs and outputs of a problem. Raises `SettingError` if it does not fit.
    """

    title: str
    source: str
    build: Callable[[Description], Graph]


CATALOGUE: dict[str, CatalogueGraph] = {
    "figure-2": CatalogueGraph(
        "five networks that classify, regress and generate", "Garciarena et al., Figure 2 and IV-A", figure_2
    ),
    "figure-7": CatalogueGraph(
        "two decoders, one of them conditioned by the input",
        "Garciarena et al., Figure 7 and V-D3; partly our own",
        figure_7,
    ),
    "mtvib": CatalogueGraph(
        "multi-task variational information bottleneck: c → g → b → a head for each output",
        "Qian et al., Tables I and II",
        mtvib,
    ),
    "vae": CatalogueGraph("variational autoencoder: g → g → d", "Kingma & Welling 2014, arXiv:1312.6114", vae),
    "beta-vae": CatalogueGraph("the VAE with β = 4 for its KL loss", "Higgins et al. 2017 (β-VAE)", beta_vae),
    "mt-vae": CatalogueGraph(
        "multi-task VAE: a latent space for each output, from one encoder",
        "multi-task variational autoencoders; the layers are our own",
        mt_vae,
    ),
    "mt-vae-separate": CatalogueGraph(
        "multi-task VAE: a latent space and an encoder for each output",
        "multi-task variational autoencoders; the layers are our own",
        mt_vae_separate,
    ),
    "lenet": CatalogueGraph(
        "hard-sharing LeNet: c → g → a head for each output",
        "Nakamura 2023, 5.3; Sener & Koltun 2018, arXiv:1810.04650",
        lenet,
    ),
}


def catalogue_entry(name: str) -> CatalogueGraph:
    """The entry with this name.

    Raises:
        SettingError: if there is none.
    """
    if name not in CATALOGUE:
        close = get_close_matches(name, CATALOGUE, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise SettingError(f"a graph of the catalogue must be one of {', '.join(CATALOGUE)}, but got {name!r}{hint}")
    return CATALOGUE[name]


def catalogue_graph(name: str, problem: Description) -> Graph:
    """Builds a hand-made graph for a problem, with all its inputs and outputs, and the problem's losses.

    Raises:
        SettingError: if there is no entry with that name, or it does not fit the problem.
    """
    return catalogue_entry(name).build(problem)
