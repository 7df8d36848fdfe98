/** How an answer is put, and what comes with it. */
export interface Ask {
  /** What the answer calls the picture. Default: the file's own name. */
  name?: string;
  /** The likeliest classes that are named, at most. Default: 3. */
  top?: number;
  /** Whether the answer is the likeliest class alone, however unsure. Default: false. */
  always?: boolean;
  /** Whether a heat map comes with the answer. Default: false. */
  heatMap?: boolean;
}

/** A class and how probable it is, from 0 to 1. */
export interface Named { class: string; probability: number }

/** The answer on a picture that could be read. */
export interface Read {
  picture: string;
  verdict: 'class' | 'ambiguous' | 'unfamiliar';
  reason: string;
  /** The classes that it may be of: one, several or none. */
  answer: Named[];
  /** The likeliest classes, whatever the verdict. */
  top: Named[];
  novelty: number | null;
  nearest: { picture: string; class: string; similarity: number }[];
  /** A JPEG as a `data:` address, where it was asked for. */
  heat_map?: { image: string; class: string };
}

/** What is said of a picture that could not be read. */
export interface Unread { picture: string; error: string }

/** The document of `lookalike predict --json`. */
export interface Predictions {
  model: string;
  classes: string[];
  novelty_limit: number | null;
  predictions: (Read | Unread)[];
}

/** A classifier that answers. */
export class Classifier {
  readonly classes: string[];
  readonly noveltyLimit: number | null;
  /** Bytes that the module holds now. */
  readonly memory: number;
  /** Runs the self-test again: the largest difference from what was answered when it was saved. */
  selfTest(): number;
  /** Begins anew, which gives memory back. */
  restart(): Promise<void>;
  /** The answer on a picture, or the reason why it cannot be read. */
  predict(picture: Blob | BufferSource, ask?: Ask): Promise<Predictions>;
}

/** Reads a classifier and runs its self-test. `wasm` is looked for beside the script. */
export function load(
  bytes: BufferSource,
  options?: { wasm?: BufferSource | WebAssembly.Module | URL | string; name?: string; selfTest?: boolean },
): Promise<Classifier>;
