/** The page of `app`: classes and their pictures, teaching, and trying, beside one another. */

import { Burst } from './burst.mjs';
import { Camera } from './camera.mjs';
import { byFolder, Classes, summary } from './classes.mjs';
import { drawCode } from './code.mjs';
import { Gallery } from './gallery.mjs';
import { intake } from './intake.mjs';
import { at, fillWords, label, nameClasses, note, say, shown } from './make.mjs';
import { Program } from './program.mjs';
import { drawTeach } from './teach.mjs';
import { classifier, predict } from './transport.mjs';
import { Trial } from './trial.mjs';
import { Upload } from './upload.mjs';

/** @typedef {import('./teach.mjs').State} State */
/** @typedef {import('./program.mjs').Class} Class */

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id));
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (at(id));

/** @type {State | null} */ let state = null;
/** The classes that the classifier knows. @type {string[]} */ let known = [];
/** Which teaching the classifier came from. */ let taught = '';
/** The class that files are chosen for. */ let into = '';
let frame = 0;
let left = 0;

/** Says something to readers who do not see the page. @param {string} text */
const tell = (text) => { at('status').textContent = text; };

/** @type {Program<State>} */
const program = new Program({
  state: (now) => {
    state = now;
    nameClasses(now.classes.map(({ name }) => name));
    learn();
    upload.go();
    changed();
  },
  away: () => {
    if (program.away === '') upload.go();
    changed();
  },
});
const upload = new Upload(program, () => state?.classes ?? [], changed);
const classes = new Classes({
  camera: (name) => burst.open(name),
  files: (name) => { into = name; input('class-files').click(); },
  see: (of) => gallery.open(of),
  rename: (of, name) => attempt(async () => {
    await program.ask(`v1/classes/${of.id}`, 'PATCH', { name });
    upload.renamed(of.name, name);
    burst.renamed(of.name, name);
    tell(say('classes.renamed', { class: name }));
  }),
  remove: (of) => attempt(async () => {
    await program.ask(`v1/classes/${of.id}`, 'DELETE');
    tell(say('classes.removed', { class: label(of.name) }));
    input('add-name').focus();
  }),
});
const burst = new Burst((name, file, key) => upload.add(name, [file], key));
const gallery = new Gallery(program, { classes: () => state?.classes ?? [], failed, moved: (n) => tell(say('gallery.moved', { n })) });
const trial = new Trial(predict, { classes: names, file: (name, picture) => upload.add(name, [picture]), said: tell });
const camera = new Camera({
  panel: at('camera'), video: /** @type {HTMLVideoElement} */ (at('camera-video')), answer: at('camera-answer'),
  note: at('camera-note'), which: /** @type {HTMLSelectElement} */ (at('camera-which')),
}, predict, () => known);

/** The names of the classes. */
function names() {
  return state?.classes.map(({ name }) => name) ?? [];
}

/** What the program refused, at the top of the page. @param {unknown} error */
function failed(error) {
  const { kind, message, help } = /** @type {import('./answers.mjs').Trouble} */ (error);
  if (kind !== 'gone' && kind !== 'locked') note('failed', [message, help].filter(Boolean).join(' '), { urgent: true });
}

/** @param {() => Promise<unknown>} what */
async function attempt(what) {
  note('failed', '');
  try {
    await what();
  } catch (error) {
    failed(error);
  }
}

/** Learns of a new classifier, once after each teaching and renaming. */
async function learn() {
  if (!state?.classifier) return;
  const now = JSON.stringify([state.boot, state.ended?.kind === 'train' ? state.ended.id : 0, names()]);
  if (now === taught) return;
  const first = taught === '';
  taught = now;
  try {
    known = (await classifier()).classes;
    if (!first) trial.again();
  } catch (error) {
    taught = '';
    program.lost(error);
  }
}

/**
 * Takes pictures in: those of folders into classes, and others where they were dropped.
 * @param {{files: {file: Blob, name: string}[], skipped: number}} taken
 * @param {'drop' | 'paste' | 'choice'} how
 * @param {EventTarget | null} where
 */
function take({ files, skipped }, how, where) {
  note('intake', files.length > 0 || skipped > 0 ? '' : say(how === 'paste' ? 'intake.nopaste' : 'intake.none'));
  if (skipped > 0) note('intake', say('intake.skipped', { n: skipped }));
  if (files.length === 0) return;
  const target = where instanceof Element ? where : null;
  if (target === input('files') || how === 'paste' || target?.closest('#column-try')) return void tryThem(files);
  const of = target?.closest('[data-class]')?.getAttribute('data-class');
  if (of) return upload.add(of, files);
  const { found, loose } = byFolder(files);
  for (const [name, some] of found) upload.add(name, some);
  if (loose.length > 0) note('intake', say('classes.where', { n: loose.length }));
}

/** @param {{file: Blob, name: string}[]} files */
async function tryThem(files) {
  if (!state?.classifier) return note('intake', say('try.not'));
  await trial.add(files);
}

/** Draws in the next frame. */
function changed() {
  frame ||= requestAnimationFrame(draw);
}

let drawnNames = '';

function draw() {
  frame = 0;
  const { away } = program;
  note('gone', away === '' ? '' : say(away === 'locked' ? 'trouble.key' : upload.left > 0 ? 'trouble.unsent' : 'trouble.gone', { n: upload.left }), { urgent: true });
  if (!state) return;
  document.title = say('app.title', { name: shown(state.name) });
  at('name').textContent = shown(state.name);
  at('tells').textContent = say('app.tells');
  at('foot-folder').textContent = say('app.folder', { folder: shown(state.folder) });
  document.body.dataset.phase = state.phase;
  classes.draw(state.classes);
  drawWork();
  drawTeach(state, upload.left);
  at('undo').hidden = state.undo === null;
  at('undo-words').textContent = shown(state.undo ?? '');
  at('try-not').hidden = state.classifier !== null;
  at('try-ready').hidden = state.classifier === null;
  drawPhone();
  if (names().join('\n') !== drawnNames) {
    drawnNames = names().join('\n');
    trial.update();
  }
}

/** Draws how far pictures are on their way. */
function drawWork() {
  const now = upload.left;
  at('work').hidden = now === 0;
  const bar = /** @type {HTMLProgressElement} */ (at('work-bar'));
  bar.max = Math.max(1, upload.done + now);
  bar.value = upload.done;
  at('work-words').textContent = say('classes.coming', { n: now });
  if (now === 0 && left > 0) {
    tell(summary(upload));
    if (upload.already > 0 || upload.refused.length > 0) note('added', summary(upload));
  }
  left = now;
}

function drawPhone() {
  const phone = state?.phone ?? null;
  at('phone').hidden = phone === null;
  drawCode(phone);
}

async function toggleCamera() {
  if (camera.on) camera.stop();
  else await camera.start();
  button('choose-camera').setAttribute('aria-expanded', String(camera.on));
  if (camera.on) button('camera-keep').focus();
}

fillWords(document);
input('add-name').placeholder = say('classes.name');
intake({ files: input('files'), folder: input('folder'), veil: at('veil') }, take);
input('class-files').addEventListener('change', () => {
  const files = Array.from(input('class-files').files ?? [], (file) => ({ file, name: file.name }));
  input('class-files').value = '';
  if (files.length > 0) upload.add(into, files);
});
at('add').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = input('add-name').value.trim();
  if (name === '') return input('add-name').focus();
  attempt(async () => {
    const { class: made } = await program.ask('v1/classes', 'POST', { name });
    input('add-name').value = '';
    tell(say('classes.made', { class: made.name }));
  });
});
button('choose-folder').addEventListener('click', () => input('folder').click());
button('choose-files').addEventListener('click', () => input('files').click());
button('undo-do').addEventListener('click', () => attempt(async () => {
  const { moved } = await program.ask('v1/undo', 'POST');
  tell(say('gallery.moved', { n: moved }));
}));
button('teach-do').addEventListener('click', () => attempt(() => program.ask('v1/train', 'POST')));
button('job-stop').addEventListener('click', () => attempt(() => program.ask('v1/job', 'DELETE')));
button('phone-do').addEventListener('click', () => attempt(async () => drawCode(await program.ask('v1/phone', 'POST'))));
button('choose-camera').addEventListener('click', toggleCamera);
button('camera-stop').addEventListener('click', () => { toggleCamera(); button('choose-camera').focus(); });
button('camera-keep').addEventListener('click', async () => {
  const kept = await camera.keep();
  if (kept) await tryThem([kept]);
});
at('camera').addEventListener('verdict', (event) => tell(/** @type {CustomEvent} */ (event).detail));
for (const dialog of document.querySelectorAll('dialog')) dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
addEventListener('beforeunload', (event) => upload.left > 0 && event.preventDefault());
program.start();
