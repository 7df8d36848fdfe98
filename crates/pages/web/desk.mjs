/**
 * What there is to decide, and what was decided: the state of the page of `review`, without anything
 * that is drawn. A decision holds here at once; the program has it a moment later.
 */

import { Outbox } from './outbox.mjs';

/** @typedef {import('./outbox.mjs').Change} Change */
/** @typedef {import('./program.mjs').Decision} Decision */
/** @typedef {import('./program.mjs').Picture} Picture */
/**
 * @typedef {Decision & {new_class?: boolean}} Wanted
 * @typedef {{id: number, kind: string, severity: string, title: string, words: string, open: boolean, pictures: Picture[],
 *   suggestion: string | null, margin: number | null, keep: number[] | null, keep_why: string | null, proposal: Wanted[],
 *   guesses?: {class: string, probability: number}[], near?: {class: string, pictures: Picture[]}[]}} Finding
 * @typedef {{kind: string, title: string, explanation: string, count: number, open: number}} Tab
 * @typedef {{file: string, changes: number, kept: number, applied: number, undo: boolean, redo: boolean, words: string}} Plan
 * @typedef {import('./program.mjs').Share} Share
 * @typedef {{words: string, pictures: number, before: Share, after: Share, better: boolean | null}} Comparison
 * @typedef {{boot: string, name: string, folder: string, phase: string, layout: string, version: number, pictures: number,
 *   unlabelled: number, classes: import('./program.mjs').Class[], tabs: Tab[], plan: Plan, groups: number,
 *   classifier: import('./program.mjs').Known | null, comparison: Comparison | null, job: import('./program.mjs').Job | null,
 *   ended: import('./program.mjs').Ended | null, warnings: string[]}} State
 * @typedef {{group: number, title: string, name: string | null, pictures: number, first: Picture[]}} Group
 */

/** Findings that are asked for at a time. */
const SOME = 200;
/** Findings of which each picture is judged by itself. */
export const LABELS = ['label', 'confused', 'next'];

export class Desk {
  /** @type {State | null} */ state = null;
  /** The kind of finding that is shown, `groups`, or `all`. */ kind = '';
  /** @type {Map<string, Finding[]>} */ found = new Map();
  /** @type {Group[]} */ groups = [];
  /** Where each kind stands. @type {Map<string, number>} */ places = new Map();
  /** @type {Map<number, Decision>} */ decisions = new Map();
  #begun = false;
  #signature = '';
  #boot = '';
  #loading = 0;
  /** @type {Map<number, Picture>} */ #known = new Map();
  /** How a change that waits is taken back. @type {WeakMap<Change, () => void>} */ #back = new WeakMap();

  /**
   * @param {import('./program.mjs').Program<State>} program
   * @param {{changed: () => void, said: (words: {kind: 'decided' | 'undone' | 'nothing', decisions: Wanted[]}) => void, refused: (words: string) => void}} page
   */
  constructor(program, page) {
    this.program = program;
    this.page = page;
    this.outbox = new Outbox('lookalike.review', ({ method, address, body }) => program.ask(address, method, body), {
      landed: (change, answer) => this.#landed(change, answer),
      refused: (change, error) => this.#refused(change, error),
      changed: () => page.changed(),
    });
  }

  /** Takes the program's state; what depends on it is fetched anew where it changed. @param {State} state */
  async take(state) {
    const before = this.state;
    this.state = state;
    const restarted = this.#boot !== '' && this.#boot !== state.boot;
    this.#boot = state.boot;
    // Kinds come one after the other while the program looks; the first is shown until the reader begins.
    if (!this.#begun || !this.kinds.includes(this.kind)) this.kind = this.kinds[0];
    const signature = JSON.stringify([state.tabs.map(({ kind, count }) => [kind, count]), state.ended?.id, state.plan.applied, state.boot, state.groups]);
    const fresh = signature !== this.#signature;
    this.#signature = signature;
    if (!before || restarted) await this.#decided();
    if (fresh) {
      for (const kind of [...this.found.keys()]) if (kind !== this.kind) this.found.delete(kind);
      await this.load();
    }
    this.outbox.go();
    this.page.changed();
  }

  /** What can be gone through: kinds of findings, groups, and all pictures. */
  get kinds() {
    const groups = this.state?.layout === 'unsorted' && (this.state.groups > 0) ? ['groups'] : [];
    return [...groups, ...(this.state?.tabs ?? []).map((tab) => tab.kind), 'all'];
  }

  /** @param {string} kind */
  async show(kind) {
    this.#begun = true;
    this.kind = kind;
    this.page.changed();
    if (kind !== 'all' && !this.found.has(kind)) await this.load();
  }

  /** The findings of the kind that is shown. */
  get list() {
    return this.found.get(this.kind) ?? [];
  }

  /** How many of a kind there are. @param {string} kind */
  count(kind) {
    if (kind === 'all') return this.state?.pictures ?? 0;
    if (kind === 'groups') return this.state?.groups ?? 0;
    return this.state?.tabs.find((tab) => tab.kind === kind)?.count ?? 0;
  }

  /** How many of a kind wait for a decision. @param {string} kind */
  left(kind) {
    if (kind === 'groups') return this.groups.length > 0 ? this.groups.filter((group) => group.name === null).length : this.count(kind);
    const all = this.found.get(kind);
    if (all && all.length >= this.count(kind)) return all.filter((finding) => this.open(finding)).length;
    return this.state?.tabs.find((tab) => tab.kind === kind)?.open ?? 0;
  }

  get place() {
    return this.places.get(this.kind) ?? 0;
  }

  /** The finding that waits to be decided, if one is left. */
  get current() {
    return this.kind === 'groups' ? undefined : this.list[this.place];
  }

  get group() {
    return this.kind === 'groups' ? this.groups[this.place] : undefined;
  }

  /** Whether a picture of it waits for a decision. @param {Finding} finding */
  open({ pictures, keep, open }) {
    if (pictures.length === 0) return open;
    return pictures.some(({ id, moved }) => !moved && !keep?.includes(id) && !this.decisions.has(id));
  }

  /** Goes on by so many, whether decided or not. @param {number} by */
  step(by) {
    this.#begun = true;
    const end = this.kind === 'groups' ? this.groups.length : this.list.length;
    this.places.set(this.kind, Math.max(0, Math.min(end, this.place + by)));
    this.page.changed();
  }

  /** Goes to the next that is open, behind this one first; to the end where none is. */
  next() {
    const list = this.kind === 'groups' ? this.groups.map((group) => group.name === null) : this.list.map((finding) => this.open(finding));
    const behind = list.indexOf(true, this.place + 1);
    const place = behind >= 0 ? behind : list.indexOf(true);
    this.places.set(this.kind, place >= 0 ? place : list.length);
  }

  /**
   * Decides, as one step of undo.
   * @param {Wanted[]} decisions
   * @param {boolean} [goOn] to the next finding
   */
  decide(decisions, goOn = true) {
    const some = decisions.filter(({ picture }) => !this.#known.get(picture)?.moved);
    if (some.length === 0) return;
    const before = some.map(({ picture }) => this.decisions.get(picture) ?? { picture, action: 'open', to: null });
    this.#apply(some);
    if (goOn) this.next();
    this.page.said({ kind: 'decided', decisions: some });
    this.#send({ method: 'POST', address: 'v1/decisions', body: { decisions: some } }, () => this.#undone(before));
  }

  /** Names a group. @param {Group} group @param {string | null} name */
  name(group, name) {
    const before = group.name;
    group.name = name;
    this.next();
    this.#send({ method: 'PUT', address: `v1/groups/${group.group}`, body: { name } }, () => {
      group.name = before;
      this.places.set('groups', this.groups.indexOf(group));
      this.page.changed();
    });
  }

  /** Takes the last step back, or does it again. @param {'undo' | 'redo'} what */
  undo(what) {
    const unsent = what === 'undo' ? this.outbox.take() : undefined;
    if (unsent) this.#back.get(unsent)?.();
    else this.outbox.add({ method: 'POST', address: `v1/${what}` });
  }

  /** Remembers pictures by their numbers. @param {Picture[]} pictures */
  know(pictures) {
    for (const picture of pictures) this.#known.set(picture.id, picture);
  }

  /** @param {Change} change @param {() => void} back takes it back while it is unsent */
  #send(change, back) {
    this.#begun = true;
    this.#back.set(change, back);
    this.outbox.add(change);
    this.page.changed();
  }

  /** Fetches what is shown. */
  async load() {
    const { kind } = this;
    const turn = ++this.#loading;
    if (kind === 'groups') {
      this.groups = (await this.program.ask('v1/groups')).groups;
      for (const group of this.groups) this.know(group.first);
    } else if (kind !== 'all' && kind !== '') {
      const standing = this.current?.pictures[0]?.id;
      /** @type {Finding[]} */ const all = [];
      for (;;) {
        const { total, findings } = await this.program.ask(`v1/findings?kind=${kind}&after=${all.length}&limit=${SOME}`);
        if (turn !== this.#loading) return;
        all.push(...findings);
        for (const finding of findings) this.know(finding.pictures);
        if (all.length >= total || findings.length === 0) break;
      }
      const first = !this.found.has(kind);
      this.found.set(kind, all);
      const place = all.findIndex((finding) => finding.pictures[0]?.id === standing);
      if (standing !== undefined && place >= 0) this.places.set(kind, place);
      else if (first || !this.current || !this.open(this.current)) this.places.set(kind, -1), this.next();
    }
    this.page.changed();
  }

  /** What somebody else decided. @param {Decision[]} decisions */
  others(decisions) {
    this.#apply(decisions);
    this.page.changed();
  }

  /** @param {Wanted[]} decisions */
  #apply(decisions) {
    for (const { picture, action, to } of decisions) {
      if (action === 'open') this.decisions.delete(picture);
      else this.decisions.set(picture, { picture, action, to });
    }
  }

  async #decided() {
    const { decisions } = await this.program.ask('v1/decisions');
    this.decisions = new Map();
    this.#apply(decisions);
    for (const { body } of this.outbox.waiting) this.#apply(body?.decisions ?? []);
  }

  /** @param {Change} change @param {any} answer */
  #landed({ address }, answer) {
    if (this.state && answer.plan) this.state.plan = answer.plan;
    if (/undo$|redo$/.test(address)) this.#undone(answer.decisions);
    if (answer.group) this.groups = this.groups.map((group) => (group.group === answer.group.group ? answer.group : group));
  }

  /** Goes back to what was undone. @param {Wanted[]} decisions */
  #undone(decisions) {
    this.#apply(decisions);
    this.page.said({ kind: 'undone', decisions });
    const ids = new Set(decisions.map((decision) => decision.picture));
    const has = (/** @type {Finding} */ finding) => finding.pictures.some(({ id }) => ids.has(id));
    const kind = this.list.some(has) || this.kind === 'all' ? this.kind : [...this.found].find(([, all]) => all.some(has))?.[0];
    if (kind && kind !== 'all') {
      this.kind = kind;
      this.places.set(kind, this.list.findIndex(has));
    }
    if (this.state?.groups && decisions.length === 0) this.load();
    this.page.changed();
  }

  /** @param {Change} change @param {import('./answers.mjs').Trouble} error */
  async #refused({ address }, error) {
    if (/undo$|redo$/.test(address)) this.page.said({ kind: 'nothing', decisions: [] });
    else this.page.refused([error.message, error.help].filter(Boolean).join(' '));
    await this.#decided().catch(() => {});
    if (this.kind === 'groups') await this.load().catch(() => {});
    this.page.changed();
  }
}
