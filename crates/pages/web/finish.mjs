/** What becomes of the decisions: the plan, its dry run, applying it, training again, and putting all back. */

import { at, duration, label, make, parts, say, shown } from './make.mjs';
import { drawJob, gauge, literal } from './measure.mjs';

/** @typedef {import('./desk.mjs').Desk} Desk */
/** @typedef {import('./desk.mjs').State} State */

export class Finish {
  /** @type {string} */ #drawn = '';

  /**
   * @param {Desk} desk
   * @param {(words: string) => void} trouble
   */
  constructor(desk, trouble) {
    this.desk = desk;
    this.trouble = trouble;
    this.dialog = /** @type {HTMLDialogElement} */ (at('apply'));
    at('apply-close').addEventListener('click', () => this.dialog.close());
    at('apply-do').addEventListener('click', () => {
      this.dialog.close();
      this.#ask('v1/plan/apply', 'POST');
    });
    at('job-stop').addEventListener('click', () => this.#ask('v1/job', 'DELETE'));
    at('after-train').addEventListener('click', () => this.#ask('v1/train', 'POST'));
    at('after-undo').addEventListener('click', () => this.#ask('v1/plan/undo', 'POST'));
  }

  /** Shows what applying would do, once every decision is saved. */
  async open() {
    const { outbox, program, state } = this.desk;
    if (!state || state.plan.changes === 0 || state.job?.kind === 'apply') return;
    await outbox.go();
    if (outbox.waiting.length > 0) return this.trouble(say('trouble.gone'));
    try {
      const { words, moves, total, problems } = await program.ask('v1/plan/check', 'POST', {});
      at('apply-words').replaceChildren(...words.map((/** @type {string} */ line) => make('li', {}, literal(line))));
      at('apply-problems').replaceChildren(...problems.map((/** @type {string} */ line) => make('li', {}, literal(line))));
      at('apply-trouble').hidden = problems.length === 0;
      at('apply-list').replaceChildren(...moves.map((/** @type {{from: string, to: string}} */ { from, to }) => make('li', {}, make('bdi', {}, shown(from)), ' → ', make('bdi', {}, shown(to)))));
      at('apply-moves').hidden = total === 0;
      at('apply-total').textContent = say('apply.moves', { n: total });
      /** @type {HTMLButtonElement} */ (at('apply-do')).disabled = problems.length > 0 || total === 0;
      this.dialog.showModal();
      at('apply-do').focus();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Draws the plan, the job, and what came of them. */
  draw() {
    const { state, outbox, program } = this.desk;
    if (!state) return;
    const { plan, job, ended, comparison, classifier, phase } = state;
    const waits = outbox.waiting.length;
    at('plan-words').textContent = shown(plan.words);
    at('plan-saved').replaceChildren(...(outbox.failed !== '' ? [say('plan.failed', { why: outbox.failed })]
      : waits > 0 && program.away !== '' ? [say('plan.waits', { n: waits })]
        : waits > 0 ? [say('plan.saving')] : parts('plan.saved', { file: make('a', { href: 'v1/plan.csv', download: true }, shown(plan.file)) })));
    at('plan-saved').classList.toggle('wrong', outbox.failed !== '' || (waits > 0 && program.away !== ''));
    /** @type {HTMLButtonElement} */ (at('plan-apply')).disabled = plan.changes === 0 || (job !== null && job.kind !== 'train');
    drawJob({ work: at('job'), bar: /** @type {HTMLProgressElement} */ (at('job-bar')), words: at('job-words'), stop: /** @type {HTMLButtonElement} */ (at('job-stop')) }, job);
    const signature = JSON.stringify([phase, plan.applied, job?.kind, ended, comparison, classifier?.stale, state.warnings]);
    if (signature === this.#drawn) return;
    this.#drawn = signature;
    at('warnings').replaceChildren(...state.warnings.map((line) => make('p', { class: 'reason' }, literal(line))));
    const applied = plan.applied > 0;
    at('after').hidden = !applied && !comparison && ended?.how !== 'failed' && ended?.how !== 'stopped';
    at('after-words').replaceChildren(...this.#ended(state));
    at('after-train').hidden = !applied || job !== null || classifier?.stale === false;
    at('after-undo').hidden = !applied || job !== null;
    at('after-compare').replaceChildren(...(comparison ? [
      make('p', { class: 'lead' }, say(comparison.better === null ? 'after.same' : comparison.better ? 'after.better' : 'after.worse')), gauge(comparison.before, say('after.before')), gauge(comparison.after, say('after.after')),
      make('p', { class: 'reason' }, say('after.both', { n: comparison.pictures }), ' ', shown(comparison.words)),
    ] : []));
  }

  /** How the last job ended. @param {State} state @returns {HTMLElement[]} */
  #ended({ plan, ended }) {
    const lines = [];
    if (plan.applied > 0) lines.push(make('p', {}, say('after.applied', { n: plan.applied })));
    if (ended?.how === 'failed') lines.push(make('p', { class: 'wrong' }, literal(ended.words ?? ''), ' ', literal(ended.help ?? '')));
    if (ended?.how === 'stopped') lines.push(make('p', {}, say('after.stopped')));
    if (ended?.how === 'done' && ended.kind === 'train') lines.push(make('p', { class: 'reason' }, say('after.trained', { time: duration(ended.seconds) })));
    return lines;
  }

  /** @param {string} address @param {'POST' | 'DELETE'} method */
  async #ask(address, method) {
    try {
      await this.desk.program.ask(address, method);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    const { message, help, kind } = /** @type {import('./answers.mjs').Trouble} */ (error);
    if (kind !== 'gone' && kind !== 'locked') this.trouble([message, help].filter(Boolean).join(' '));
  }
}

/** The names of classes as a sentence. @param {{name: string, pictures: number}[]} classes */
export function tally(classes) {
  return classes.flatMap(({ name, pictures }, place) => [place > 0 ? ' · ' : '', make('bdi', { class: 'name' }, label(name)), ` ${pictures}`]);
}
