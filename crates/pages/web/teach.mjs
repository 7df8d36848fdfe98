/** The second column: what is missing, teaching, and how well it went. */

import { lacking } from './classes.mjs';
import { at, duration, interval, label, make, parts, say, shown } from './make.mjs';
import { drawJob, gauge, literal } from './measure.mjs';

/** @typedef {import('./program.mjs').Share} Share */
/**
 * @typedef {{boot: string, name: string, folder: string, phase: string, advice: string[], classes: import('./program.mjs').Class[],
 *   missing: {code: string, class: number | null, have: number, need: number, words: string}[],
 *   pictures: number, undo: string | null, seconds: number | null, classifier: import('./program.mjs').Known | null,
 *   per_class: {class: number, recall: Share}[] | null, suspects: number, job: import('./program.mjs').Job | null,
 *   ended: import('./program.mjs').Ended | null, warnings: string[],
 *   phone: {address: string, seconds: number, qr: string} | null}} State
 */

/** Lines of advice that are shown. */
const ADVICE = 4;

let drawn = '';

/** Draws the column. @param {State} state @param {number} coming pictures on their way */
export function drawTeach(state, coming) {
  const { phase, seconds, classifier, job } = state;
  const button = /** @type {HTMLButtonElement} */ (at('teach-do'));
  const teaching = phase === 'teaching';
  button.hidden = teaching;
  button.disabled = phase === 'empty' || phase === 'collecting' || coming > 0 || job !== null;
  button.textContent = say(classifier ? 'teach.again' : 'teach.do');
  button.classList.toggle('first', phase !== 'taught');
  at('teach-time').textContent = button.disabled || seconds === null || teaching ? '' : say('teach.time', { time: duration(seconds) });
  drawJob({ work: at('job'), bar: /** @type {HTMLProgressElement} */ (at('job-bar')), words: at('job-words'), stop: /** @type {HTMLButtonElement} */ (at('job-stop')) }, job);
  const signature = JSON.stringify({ ...state, job: null, seconds: 0, undo: null, pictures: 0, classes: state.classes.map(({ id, name }) => [id, name]) });
  if (signature === drawn) return;
  drawn = signature;
  at('teach-says').replaceChildren(...says(state));
  at('teach-score').replaceChildren(...score(state));
  at('teach-advice').replaceChildren(...advise(state));
  at('teach-files').hidden = !classifier;
}

/** What is missing, or what happens. @param {State} state @returns {HTMLElement[]} */
function says({ phase, missing, classes, ended, classifier }) {
  const lines = [];
  if (phase === 'empty' && classes.length < 2) lines.push(make('p', { class: 'lead' }, say('teach.empty')));
  else if (phase === 'ready') lines.push(make('p', { class: 'lead' }, say('teach.ready')));
  else if (phase === 'teaching') lines.push(make('p', { class: 'lead' }, say('teach.teaching')));
  else if (phase === 'stale') lines.push(make('p', { class: 'lead' }, say('teach.stale')), make('p', {}, shown(classifier?.stale_words ?? '')));
  if (missing.length > 0) lines.push(make('p', {}, say('teach.missing')), make('ul', { class: 'lacks' }, missing.map((lack) => make('li', {}, lacking(lack, classes)))));
  if (ended?.how === 'failed') lines.push(make('p', { class: 'wrong' }, literal(ended.words ?? ''), ' ', literal(ended.help ?? '')));
  if (ended?.how === 'stopped' && phase !== 'teaching') lines.push(make('p', {}, say('teach.stopped')));
  return lines;
}

/** What would make it better, and where to look at labels. @param {State} state @returns {HTMLElement[]} */
function advise({ phase, advice, warnings, suspects, folder, classifier }) {
  const some = ['ready', 'taught', 'stale'].includes(phase) ? advice.slice(0, ADVICE) : [];
  const lines = [...some, ...warnings].map((line) => make('p', { class: 'reason' }, literal(line)));
  if (classifier && suspects > 0) lines.unshift(make('p', {}, parts('teach.suspects', { n: suspects, command: make('code', {}, `lookalike review ${folder}`) })));
  return lines;
}

/** How often it was right, in all and of each class. @param {State} state @returns {HTMLElement[]} */
function score({ classifier, per_class: each, classes }) {
  if (!classifier) return [];
  const { accuracy } = classifier;
  if (!accuracy || accuracy.n === 0) return [make('p', { class: 'reason' }, say('about.unjudged'))];
  const words = interval(accuracy);
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const rows = (each ?? []).filter((one) => names.has(one.class) && one.recall.n > 0).map((one) => {
    const row = gauge(one.recall, '');
    row.firstElementChild?.append(make('bdi', {}, label(names.get(one.class) ?? '')));
    return row;
  });
  return [
    make('p', { class: 'score' }, make('b', {}, words.share), ` ${say('teach.right')}`),
    gauge(accuracy, say('teach.all')), ...rows,
    make('p', { class: 'reason' }, say('teach.measured', { ...words, pictures: say('pictures', { n: accuracy.n }) })),
  ];
}
