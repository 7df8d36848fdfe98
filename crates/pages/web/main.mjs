/** The page: what comes in goes to the program, and what it answers is shown. */

import { csv, GROUPS, json, known, Store, Trouble } from './answers.mjs';
import { Camera } from './camera.mjs';
import { card, Closer, mark } from './card.mjs';
import { drawCode } from './code.mjs';
import { Grid } from './grid.mjs';
import { drawFooter, drawHeader } from './header.mjs';
import { intake } from './intake.mjs';
import { at, duration, fillWords, make, nameClasses, note, number, say } from './make.mjs';
import { Queue } from './queue.mjs';
import { classifier, head, pair, place, predict } from './transport.mjs';

/** @typedef {import('./answers.mjs').Item} Item */
/** @typedef {import('./answers.mjs').Group} Group */
/** @typedef {import('./transport.mjs').About} About */

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id));
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (at(id));

/** @type {About | null} */ let about = null;
const store = new Store();
const queue = new Queue(store, predict, back);
/** @type {Grid<Item>} */
const grid = new Grid(at('cells'), (item) => card(item, { heat, enlarge: (it) => closer.open(it), again: (it) => queue.again(it) }));
const closer = new Closer(/** @type {HTMLDialogElement} */ (at('closer')), {
  items: () => store.shown, classes: () => store.classes, heat, closed: (item) => grid.focus(item.id),
});
const camera = new Camera({
  panel: at('camera'), video: /** @type {HTMLVideoElement} */ (at('camera-video')), answer: at('camera-answer'),
  note: at('camera-note'), which: /** @type {HTMLSelectElement} */ (at('camera-which')),
}, predict, () => store.classes);

/** Says something to readers who do not see the page. @param {string} text */
const tell = (text) => { at('status').textContent = text; };

/** Takes pictures in, and shows where they are. @param {{files: {file: Blob, name: string}[], skipped: number}} taken @param {string} how */
function take({ files, skipped }, how) {
  note('intake', files.length > 0 || skipped > 0 ? '' : say(how === 'paste' ? 'intake.nopaste' : 'intake.none'));
  if (skipped > 0) note('intake', say('intake.skipped', { n: skipped }));
  if (files.length === 0) return;
  const added = store.add(files);
  queue.add(added);
  at('results').hidden = false;
  used();
  const { top } = at('results').getBoundingClientRect();
  if (how !== 'camera' && (top < 0 || top > innerHeight / 2)) at('results').scrollIntoView();
}

/** Once there is something to show, the head gives it room. */
function used() {
  document.body.classList.toggle('used', camera.on || store.items.length > 0);
}

/** Shows or hides where a picture supported its answer. @param {Item} item */
async function heat(item) {
  store.change(item, { hot: !item.hot });
  if (!item.hot || item.heat) return;
  try {
    const { heat_map } = await predict(item.file, { heatMap: true });
    store.change(item, { heat: heat_map ?? null, hot: item.hot && heat_map !== undefined });
    if (heat_map) tell(say('answer.heat.of', { class: heat_map.class }));
  } catch {
    store.change(item, { hot: false });
    note('heat', say('answer.heat.failed'));
  }
}

/** Whether the program responds again, and with the same classifier. */
async function back() {
  try {
    const now = await classifier();
    if (about && now.id !== about.id) changed();
    else note('gone', '');
    return true;
  } catch {
    return false;
  }
}

function changed() {
  note('gone', say('trouble.changed'), { urgent: true, action: { words: say('trouble.reload'), run: () => location.reload() } });
}

/** Asks for the classifier until it responds. */
async function start() {
  try {
    about = await classifier();
    store.classes = about.classes;
    nameClasses(about.classes);
    drawHeader(about);
    drawFooter(about, place);
    at('choose-phone').hidden = !about.served.phone;
    note('gone', '');
  } catch (error) {
    const locked = error instanceof Trouble && error.kind === 'locked';
    const words = locked ? say('trouble.locked') : place.inside ? say('trouble.inside', { detail: String(error) }) : say('trouble.gone');
    note('gone', words, { urgent: true });
    if (!locked && !place.inside) setTimeout(start, 2000);
  }
}

/** Draws the buttons that choose a group, once. */
function makeFilters() {
  for (const group of /** @type {const} */ (['all', ...GROUPS])) {
    const choice = make('input', { type: 'radio', name: 'filter', value: group, checked: group === 'all', onchange: () => store.show(group) });
    const words = make('span', {}, group !== 'all' && mark(group), say(`filter.${group}`), ' ', make('b', { id: `count-${group}` }));
    at('filters').append(make('label', {}, choice, words));
  }
}

let announced = 0;
let wasGone = false;

/** Draws what changes with the pictures. */
function draw() {
  const { items, shown, counts } = store;
  for (const group of /** @type {const} */ (['all', ...GROUPS])) {
    at(`count-${group}`).textContent = number(counts[group]);
    const choice = /** @type {HTMLInputElement} */ (document.querySelector(`[name=filter][value=${group}]`));
    choice.checked = store.filter === group;
    choice.disabled = counts[group] === 0 && store.filter !== group;
  }
  const n = shown.filter(known).length;
  for (const type of ['csv', 'json']) {
    button(`save-${type}`).disabled = n === 0;
    button(`save-${type}`).setAttribute('aria-label', say(`save.${type}.long`, { n }));
  }
  at('nothing').hidden = shown.length > 0 || items.length === 0;
  grid.show(shown);
  closer.update();
  drawWork();
}

/** Draws how far the work is. */
function drawWork() {
  const { done, total, resting, seconds } = queue.progress;
  const working = queue.left > 0;
  at('work').hidden = !working;
  const bar = /** @type {HTMLProgressElement} */ (at('work-bar'));
  bar.max = Math.max(1, total);
  bar.value = done;
  const state = queue.paused ? say('work.paused') : resting > 0 ? say('work.busy', { n: resting }) : seconds === null ? '' : say('work.left', { time: duration(seconds) });
  at('work-words').textContent = [say('work.progress', { done, total }), state].filter(Boolean).join(' · ');
  at('work-pause').textContent = say(queue.paused ? 'work.resume' : 'work.pause');
  if (queue.gone && !wasGone) note('gone', say('trouble.gone'), { urgent: true });
  wasGone = queue.gone;
  if (!working && done > 0 && announced !== done) tell(say('work.ready', { n: done }));
  announced = working ? 0 : done;
}

/**
 * Gives the reader a file.
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser takes the content when the click is handled; a minute is more than it needs.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {'csv' | 'json'} type */
function saveAs(type) {
  const name = say('save.file', { name: about?.name ?? '', type });
  if (type === 'csv') save(name, csv(store.shown, store.classes), 'text/csv');
  else save(name, json(store.shown, store.classes, head()), 'application/json');
}

function clear() {
  queue.clear();
  store.clear();
  input('search').value = '';
  at('results').hidden = true;
  used();
  button('choose-files').focus();
}

async function toggleCamera() {
  const on = !camera.on;
  if (on) await camera.start();
  else camera.stop();
  used();
  button('choose-camera').setAttribute('aria-expanded', String(camera.on));
  if (camera.on) button('camera-keep').focus();
}

let codes = 0;

/** Shows the code for a phone while it is good, or hides it. */
async function togglePhone() {
  const open = at('phone').hidden;
  codes += 1;
  const turn = codes;
  if (open) {
    const phone = await pair().catch(() => null);
    if (turn !== codes) return;
    if (!phone) return note('gone', say('trouble.gone'), { urgent: true });
    drawCode(phone);
    setTimeout(() => turn === codes && togglePhone(), phone.seconds * 1000);
  }
  at('phone').hidden = !open;
  button('choose-phone').setAttribute('aria-expanded', String(open));
}

fillWords(document);
makeFilters();
input('search').placeholder = say('filter.search');
intake({ files: input('files'), folder: input('folder'), veil: at('veil') }, take);
store.subscribe(draw);
button('choose-files').addEventListener('click', () => input('files').click());
button('choose-folder').addEventListener('click', () => input('folder').click());
button('choose-camera').addEventListener('click', toggleCamera);
button('choose-phone').addEventListener('click', togglePhone);
button('camera-stop').addEventListener('click', () => { toggleCamera(); button('choose-camera').focus(); });
button('camera-keep').addEventListener('click', async () => {
  const kept = await camera.keep();
  if (!kept) return;
  take({ files: [kept], skipped: 0 }, 'camera');
  tell(kept.name);
});
at('camera').addEventListener('verdict', (event) => tell(/** @type {CustomEvent} */ (event).detail));
button('work-pause').addEventListener('click', () => queue.pause(!queue.paused));
button('save-csv').addEventListener('click', () => saveAs('csv'));
button('save-json').addEventListener('click', () => saveAs('json'));
button('clear').addEventListener('click', clear);
input('search').addEventListener('input', () => {
  store.search(input('search').value);
  tell(say('filter.shown', { n: store.shown.length }));
});
start();
