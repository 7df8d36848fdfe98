/**
 * The pictures and what is known of each: the page's state, without anything that is drawn, and the
 * table and document that `predict -o` writes.
 */

/** @typedef {'waiting' | 'asking' | 'sure' | 'ambiguous' | 'unknown' | 'failed'} Group */
/** @typedef {{class: string, probability: number}} Named */
/** @typedef {{picture: string, class: string, similarity: number, thumbnail?: string}} Near */
/**
 * An answer as `predict --json` writes it.
 * @typedef {{verdict: string, reason: string, answer: Named[], top: Named[], novelty: number | null,
 *   nearest: Near[], heat_map?: {class: string, image: string}}} Read
 */
/**
 * A picture. `odds` holds the probability of each class in the classes' order: ten thousand answers
 * of a thousand classes then fit into memory, which they would not with their names.
 * @typedef {{id: number, file: Blob, name: string, group: Group, read: Read | null, odds: Float32Array | null,
 *   error: string | null, help: string | null, again: boolean, heat: Read['heat_map'] | null, hot: boolean}} Item
 */

/** Groups that a reader can choose, in the order of their buttons. */
export const GROUPS = /** @type {const} */ (['sure', 'ambiguous', 'unknown', 'failed']);

/** Classes of an answer that are kept by name, as `predict --json` lists by default. */
const TOP = 3;

/**
 * Why there is no answer, in the terms of every transport.
 * `gone`: nothing responds; `busy`: wait so many seconds; `locked`: the key is missing;
 * `unreadable`: this picture cannot be read; `conflict`: it does not fit what is there now;
 * `failed`: anything else.
 */
export class Trouble extends Error {
  /**
   * @param {'gone' | 'busy' | 'locked' | 'unreadable' | 'conflict' | 'failed'} kind
   * @param {string} [detail]
   * @param {{help?: string, seconds?: number}} [more]
   */
  constructor(kind, detail = '', { help = '', seconds = 1 } = {}) {
    super(detail);
    this.kind = kind;
    this.help = help;
    this.seconds = seconds;
  }
}

/** The group of an answer. @param {Read} read @returns {Group} */
export function groupOf(read) {
  if (read.verdict === 'class') return 'sure';
  return read.verdict === 'ambiguous' ? 'ambiguous' : 'unknown';
}

/**
 * One answer from the last few of a camera: the mean of their probabilities, and the classes that
 * more than half of them name. Where most say nothing, or there are too few, it is not recognised.
 * @param {Read[]} reads the last ones first or last: the order does not count
 * @param {string[]} classes
 * @param {number} span how many a full mean has
 * @returns {Read}
 */
export function mean(reads, classes, span) {
  const most = Math.min(span, Math.max(3, reads.length)) / 2;
  const odds = new Map(classes.map((name) => [name, 0]));
  const votes = new Map(classes.map((name) => [name, 0]));
  for (const read of reads) {
    for (const { class: name, probability } of read.top) odds.set(name, (odds.get(name) ?? 0) + probability / reads.length);
    for (const { class: name } of read.answer) votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  const top = [...odds].map(([name, probability]) => ({ class: name, probability })).sort((a, b) => b.probability - a.probability);
  const recognised = reads.filter((read) => read.answer.length > 0);
  const last = reads.at(-1);
  if (!last || recognised.length <= most) {
    return { verdict: 'unfamiliar', reason: reads.length < 3 ? 'resting' : 'far', answer: [], top, novelty: null, nearest: last?.nearest ?? [] };
  }
  const named = top.filter((entry) => (votes.get(entry.class) ?? 0) > most);
  // Pictures that name one class each, and not the same, are unsure together.
  const answer = named.length > 0 ? named : top.slice(0, 2);
  const verdict = answer.length === 1 ? 'class' : 'ambiguous';
  return { verdict, reason: verdict === 'class' ? 'sure' : 'several', answer, top, novelty: null, nearest: recognised.at(-1)?.nearest ?? [] };
}

/** The pictures of the page, the newest first, with those that are shown. */
export class Store {
  /** @type {Item[]} */ items = [];
  /** @type {Group | 'all'} */ filter = 'all';
  /** @type {string[]} */ classes = [];
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** @type {Item[] | null} */ #shown = null;
  #search = '';
  #last = 0;
  #told = false;

  /**
   * Adds pictures before those that there are, in their order.
   * @param {{file: Blob, name: string}[]} files
   * @returns {Item[]}
   */
  add(files) {
    const added = files.map(({ file, name }) => ({
      id: ++this.#last, file, name, group: /** @type {Group} */ ('waiting'), read: null, odds: null,
      error: null, help: null, again: false, heat: null, hot: false,
    }));
    this.items = [...added, ...this.items];
    this.changed();
    return added;
  }

  clear() {
    this.items = [];
    this.filter = 'all';
    this.#search = '';
    this.changed();
  }

  /** @param {Item} item @param {Read} read */
  answer(item, read) {
    const odds = new Float32Array(this.classes.length);
    const place = new Map(this.classes.map((name, index) => [name, index]));
    for (const { class: name, probability } of read.top) odds[place.get(name) ?? -1] = probability;
    this.change(item, { read: { ...read, top: read.top.slice(0, TOP) }, odds, group: groupOf(read) });
  }

  /** @param {Item} item @param {Partial<Item>} change */
  change(item, change) {
    Object.assign(item, change);
    this.changed();
  }

  /** @param {Group | 'all'} group */
  show(group) {
    this.filter = group;
    this.changed();
  }

  /** @param {string} text */
  search(text) {
    this.#search = text.trim().toLowerCase();
    this.changed();
  }

  /** The pictures that the filter and the search leave. */
  get shown() {
    if (this.filter === 'all' && this.#search === '') return this.items;
    this.#shown ??= this.items.filter((item) => (this.filter === 'all' || item.group === this.filter) && this.#matches(item));
    return this.#shown;
  }

  /** How many pictures each group has, and all. */
  get counts() {
    const counts = { all: this.items.length, waiting: 0, asking: 0, sure: 0, ambiguous: 0, unknown: 0, failed: 0 };
    for (const { group } of this.items) counts[group] += 1;
    return counts;
  }

  /** Calls after each change, at most once a frame. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
  }

  changed() {
    this.#shown = null;
    if (this.#told) return;
    this.#told = true;
    const tell = () => {
      this.#told = false;
      for (const listener of this.#listeners) listener();
    };
    // A hidden page draws no frames, and answers go on.
    if (document.hidden) setTimeout(tell, 50);
    else requestAnimationFrame(tell);
  }

  /** @param {Item} item */
  #matches({ name, read }) {
    if (this.#search === '') return true;
    const named = (read?.answer ?? []).some((entry) => entry.class.toLowerCase().includes(this.#search));
    return named || name.toLowerCase().includes(this.#search);
  }
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe. @param {string} cell */
const guarded = (cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);

/** @param {string} cell */
const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** Six digits of the number that the program holds, in 32 bits. @param {number} share */
const share = (share) => Math.fround(share).toFixed(6);

/** Whether there is anything to write on a picture yet. @param {Item} item */
export const known = (item) => item.read !== null || item.group === 'failed';

/**
 * A table that Excel opens, with a column for each class.
 * @param {Item[]} items
 * @param {string[]} classes
 */
export function csv(items, classes) {
  const head = ['picture', 'verdict', 'answer', 'probability', ...classes.map((name) => `probability of ${name}`), 'novelty', 'nearest', 'error'];
  const rows = items.filter(known).map((item) => cells(item, classes).map(guarded));
  // The mark at the front tells Excel that the text is UTF-8.
  return `\ufeff${[head, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('')}`;
}

/** @param {Item} item @param {string[]} classes */
function cells({ name, read, odds, error }, classes) {
  if (!read) return [name, ...Array(5 + classes.length).fill(''), error ?? ''];
  const recognised = read.answer.length > 0;
  return [
    name,
    read.verdict,
    recognised ? read.answer.map((named) => named.class).join(' or ') : 'not recognised',
    read.answer.length === 1 ? share(read.answer[0].probability) : '',
    ...classes.map((_, place) => (recognised && odds ? share(odds[place]) : '')),
    read.novelty === null ? '' : share(read.novelty),
    read.nearest[0]?.picture ?? '',
    '',
  ];
}

/**
 * The document of `predict --json`.
 * @param {Item[]} items
 * @param {string[]} classes
 * @param {{model: string, novelty_limit: number | null}} head
 */
export function json(items, classes, { model, novelty_limit }) {
  const predictions = items.filter(known).map(({ name, read, error }) => {
    if (!read) return { picture: name, error };
    const { verdict, reason, answer, top, novelty } = read;
    const nearest = read.nearest.map(({ picture, class: of, similarity }) => ({ picture, class: of, similarity }));
    return { picture: name, verdict, reason, answer, top, novelty, nearest };
  });
  return `${JSON.stringify({ model, classes, novelty_limit, predictions }, null, 2)}\n`;
}
