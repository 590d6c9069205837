/**
 * The JSON data in the page: written by `material.py`, `details.py` and `graph_structure.py`, read by the modules here.
 * What a candidate does not have, such as a score that was not measured, is absent or null.
 */

/** Values by the name of a score. */
export type Scores = Record<string, number | undefined>;

/** `combiner` is a place in `Summary.combiners`; null if there is only one incoming connection. */
export type Component = [
  name: string,
  kind: number,
  type: number,
  shape: string,
  layers?: string,
  combiner?: number | null,
];
/** `source` and `target` are places in `Graph.v`, `role` in `Summary.roles`. It sends `size` of `of` variables. */
export type Edge = [source: number, target: number, role: number, size: number, of: number];
export type Loss = [code: string, prediction: string, truth: string | null, beta: number];
/** A network (its place in `Graph.v`) that started with the weights of a network of another candidate. */
export type Inheritance = [place: number, candidate: number, network: string];

export interface Graph {
  v: Component[];
  e: Edge[];
  l: Loss[];
  i?: Inheritance[];
}

/** State: c complete, p pruned (stopped early), f failed, r running (unfinished). */
export type State = "c" | "p" | "f" | "r";

export interface Candidate {
  /** Number. */
  n: number;
  s: State;
  /** Learning rate. */
  lr: number;
  /** The balancing method and its settings, if any candidate has another method than the default. */
  b?: string;
  g: Graph;
  /** Whether an input conditions its samples. */
  c?: boolean;
  /** Place on the front; 0 is the best compromise. */
  k?: number;
  /** Parents. */
  p?: number[];
  /** Parameters. */
  w?: number;
  /** Samples that it and its ancestors have seen. */
  m?: number;
  /** Seconds. */
  t?: number;
  /** Why it failed. */
  f?: string;
  v?: Scores;
  /** Standard errors of scores. */
  e?: Scores;
}

/** A kind of component; the first are input and output. `shape` is a name of Graphviz, or `rounded`, `diagonals`. */
export interface Kind {
  title: string;
  sign: string;
  fill: string;
  shape: string;
}

export interface Score {
  /** The output that it scores; absent for a score of the whole graph. */
  output?: string | null;
  title: string;
  /** Its unit, empty if it has none. */
  unit?: string;
  /** Whether its values are whole numbers. */
  whole?: boolean;
  /** Whether more is better, unless it has a target. */
  maximise: boolean;
  /** The best value, if the score has a target. */
  target?: number | null;
}

export interface Curves {
  steps: number[];
  losses: Record<string, number[]>;
}

export interface Baseline {
  title: string;
  scores: Scores;
  samples: number;
  seconds: number;
}

export interface Single {
  output: string;
  parameters: number;
  samples: number;
  seconds: number;
  scores: Scores;
  failure: string | null;
  curves: Curves | null;
  speed?: number | null;
}

/** Samples by class: a picture of `rows` × `columns` images, or lines over variables. */
export interface Shown {
  image?: string;
  rows?: number;
  columns?: number;
  lines?: number[][][];
  names?: string[];
}

export interface Real {
  shown: Shown;
  shares?: number[];
}

/** A step of a curve: place in `Progress.spent`, value. */
export type Step = [place: number, value: number];

export interface Progress {
  spent: Record<string, number[]>;
  best: Record<string, Step[]>;
  hypervolume: Step[] | null;
}

export type Choice = [name: string, mean: number, deviation: number, rho: number];

export interface Importance {
  enough: boolean;
  candidates: number;
  needed?: number;
  of?: number;
  objectives?: Record<string, { r2: number; deviation: number; choices: Choice[] }>;
}

export interface Summary {
  run: string;
  objectives: string[];
  scores: Record<string, Score>;
  states: { complete: number; pruned: number; failed: number; running: number };
  samples: number;
  seconds: number;
  wall: number | null;
  candidates: Candidate[];
  front: number;
  detailed: number;
  kinds: Kind[];
  types: { title: string; colour: string }[];
  roles: { name: string; title: string; dashes: string | null }[];
  combiners: { sign: string; title: string }[];
  singles: Single[];
  /** The best scores of the baselines. */
  single: Scores;
  /** The standard errors of the scores in `single`: null if not known; a score that has none is left out. */
  margin: Record<string, number | null>;
  /** The baselines, the weakest first. */
  baselines: Baseline[];
  real: Record<string, Real>;
  progress: Progress;
  importance: Importance;
  model: string;
  where: string;
}

export interface Panel {
  title: string;
  range: [number, number];
  cells: [number, number, number][];
  outside: number;
}

/** Predicted and true values of an output: for classes `confusion`, for labels `labels`, else `panels`. */
export interface Predicted {
  name: string;
  classes?: string[];
  confusion?: number[][];
  labels?: [name: string, tp: number, fp: number, fn: number, tn: number][];
  panels?: Panel[];
  r2?: number[];
  names?: string[];
}

export interface Generated {
  name: string;
  classes: string[];
  shown: Shown;
  shares?: number[];
  inputs?: string[];
  conditions?: Shown;
  matrix?: number[][];
}

/** The curves of the gradients in a group of networks. Losses are places in `Traced.losses`; null where absent. */
export interface TracedGroup {
  networks: string[];
  losses: number[];
  lengths: (number | null)[][];
  direction: (number | null)[];
  toward: (number | null)[][];
  pairs: [number, number][];
  between: (number | null)[][];
  /** Of the sum of the lengths of all weighted gradients; below 0 the step goes against the loss. */
  shares: (number | null)[][];
}

/** A network, two losses, their mean angle in degrees, and the share of records in which they are in conflict. */
export type Conflict = [network: string, one: number, other: number, angle: number, share: number];

export interface Traced {
  svg: string;
  levels: [fill: string, text: string][];
  losses: [letter: string, name: string][];
  conflicts: Conflict[];
  balance: string;
  records: number;
  every: number;
  /** Whether the candidate started with weights of its parents. */
  inherited: boolean;
  steps: number[];
  groups: TracedGroup[];
  /** The number of groups that are not shown. */
  more: number;
}

/** The details of a candidate on the front, or with a trace. */
export interface Detail {
  svg: string;
  conditioning: [source: string, target: string][];
  curves: Curves | null;
  /** Sentences about samples that reproduce their condition or hardly differ. */
  remarks: string[];
  traced?: Traced;
  missing?: string;
  predicted?: Predicted[];
  generated?: Generated[];
  speed?: number;
}
