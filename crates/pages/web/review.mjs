/** The page of `review`: what may be wrong is asked about, and one key decides and goes on. */

import { Desk, LABELS } from './desk.mjs';
import { Finish, tally } from './finish.mjs';
import { Keys } from './keys.mjs';
import { at, fillWords, label, make, nameClasses, note, number, parts, say, shown } from './make.mjs';
import { Pick } from './pick.mjs';
import { Program } from './program.mjs';
import { Tiles } from './tiles.mjs';
import { drawFinding, drawGroup } from './views.mjs';

/** @typedef {import('./desk.mjs').Finding} Finding */
/** @typedef {import('./desk.mjs').State} State */
/** @typedef {import('./desk.mjs').Wanted} Wanted */
/** @typedef {import('./program.mjs').Picture} Picture */
/** @typedef {import('./answers.mjs').Read} Read */

/** Findings that are made ready before they are asked about. */
const AHEAD = 2;

const USUAL = {
  accept: 'Enter', alike: 'Shift+Enter', keep: 'K', other: '/', leave: 'X', undo: 'Z', redo: 'Y',
  later: 'ArrowRight', back: 'ArrowLeft', heat: 'H', see: 'S', apply: 'A', help: '?',
};

/** By a picture's number and the class that is suggested for it. @type {Map<string, Promise<Read | null>>} */ let looks = new Map();
/** @type {{key: string, read: Read | null} | null} */ let looked = null;
let heat = true;
let drawn = '';
let frame = 0;
let byPointer = false;

/** Says something to readers who do not see the page. @param {string} text */
const tell = (text) => { at('status').textContent = text; };

/** @type {Program<State>} */
const program = new Program({
  state: async (state) => {
    nameClasses(state.classes.map(({ name }) => name));
    if (desk.state && (desk.state.boot !== state.boot || desk.state.ended?.id !== state.ended?.id)) looks = new Map();
    const first = desk.state === null;
    const anew = !first && desk.state?.plan.applied !== state.plan.applied;
    await desk.take(state).catch((error) => program.lost(error));
    if (anew && desk.kind === 'all') tiles.load(true).catch((error) => program.lost(error));
    if (first && !document.querySelector('dialog[open]')) at('desk').focus({ preventScroll: true });
    if (first && desk.kind === 'all') tiles.load().catch((error) => program.lost(error));
  },
  away: () => {
    if (program.away === '') desk.outbox.go();
    changed();
  },
  told: {
    decided: ({ by, decisions }) => {
      if (program.isOwn(by)) return;
      desk.others(decisions);
      note('others', say('review.others', { n: decisions.length }));
    },
  },
});
const desk = new Desk(program, {
  changed, refused: (words) => note('refused', words, { urgent: true }),
  said: ({ kind, decisions }) => tell(kind === 'nothing' ? say('said.nothing') : kind === 'undone' ? say('said.undone') : inWords(decisions)),
});
const keys = new Keys(USUAL, (action, event) => act(action, Number(event.key)));
const pick = new Pick();
const finish = new Finish(desk, (words) => note('finish', words, { urgent: true }));
const tiles = new Tiles(page, enlarge);

/** What the views need. @returns {import('./views.mjs').Page} */
function page() {
  const read = looked && desk.current && looked.key === keyOf(desk.current) ? looked.read : null;
  return { desk, keys, act, classes: classes(), read, heat, name: (name) => name !== '' && desk.group && nameGroup(name) };
}

/** The classes that there are, and those that decisions and groups made. */
function classes() {
  const there = desk.state?.classes.map(({ name }) => name) ?? [];
  const made = [...desk.groups.flatMap(({ name }) => name ?? []), ...[...desk.decisions.values()].flatMap(({ to }) => to ?? [])];
  return [...new Set([...there, ...made])];
}

/** Names the group that is shown. @param {string} name */
function nameGroup(name) {
  const { group } = desk;
  if (!group) return;
  desk.name(group, name);
  tell(say('said.named', { class: name }));
  at('desk').focus({ preventScroll: true });
}

/** A decision as a sentence. @param {Wanted[]} decisions */
function inWords(decisions) {
  const n = decisions.length;
  const [{ action, to }] = decisions;
  const same = decisions.every((one) => one.action === action && one.to === to);
  const words = !same ? say('said.several', { n }) : action === 'relabel' ? say('said.relabelled', { n, class: label(to ?? '') }) : say(action === 'keep' ? 'said.kept' : 'said.left', { n });
  return keys.on ? `${words} ${say('said.undo', { key: keys.of('undo') })}` : words;
}

/**
 * Decides on pictures.
 * @param {Picture[]} pictures
 * @param {string} action
 * @param {string | null} [to]
 * @param {boolean} [fresh] a new class
 */
function decide(pictures, action, to = null, fresh = false) {
  const all = desk.kind === 'all';
  desk.decide(pictures.map(({ id }) => ({ picture: id, action, to, ...(fresh ? { new_class: true } : {}) })), !all);
  if (all) tiles.decided();
}

/** What the reader wants, by a key or a button; whether it meant anything. @param {string} action @param {number} [digit] */
function act(action, digit = 0) {
  const finding = desk.current;
  const pictures = desk.kind === 'all' ? tiles.chosen : finding?.pictures ?? [];
  switch (action) {
    case 'undo': case 'redo': desk.undo(action); return true;
    case 'help': keys.help(); return true;
    case 'apply': finish.open(); return true;
    case 'later': case 'back':
      if (desk.kind === 'all') return false;
      desk.step(action === 'later' ? 1 : -1);
      return true;
    case 'heat': heat = !heat; changed(); return true;
    case 'see':
      if (!desk.group) return false;
      tiles.only(desk.group.group);
      show('all');
      return true;
    case 'accept': return accept(finding, pictures);
    case 'alike': {
      const open = desk.list.filter((other) => other.proposal.length > 0 && desk.open(other));
      if (LABELS.includes(desk.kind) || open.length === 0 || !finding) return false;
      desk.decide(open.flatMap(({ proposal }) => proposal));
      return true;
    }
    case 'keep': case 'leave':
      if (pictures.length === 0) return false;
      decide(pictures, action === 'keep' ? 'keep' : 'leave out');
      return true;
    case 'other': return other(finding, pictures);
    default: return digit > 0 && choose(digit, finding, pictures);
  }
}

/** @param {Finding | undefined} finding @param {Picture[]} pictures */
function accept(finding, pictures) {
  if (desk.kind === 'all') {
    if (pictures.length === 1) enlarge(pictures[0]);
    return pictures.length === 1;
  }
  if (desk.group) return /** @type {HTMLElement} */ (document.getElementById('group-name'))?.focus(), true;
  if (!finding) return onward();
  const guess = finding.suggestion ?? finding.guesses?.[0]?.class;
  if (finding.proposal.length > 0) desk.decide(finding.proposal);
  else if (finding.kind === 'next' && guess) decide(pictures, 'relabel', guess);
  // Which of two classes is right, nobody knows but the reader.
  else if (finding.kind === 'conflict') return false;
  else if (pictures.length > 0) decide(pictures, 'keep');
  else desk.step(1);
  return true;
}

/** A digit: a class, or of several pictures the one that is kept. @param {number} digit @param {Finding | undefined} finding @param {Picture[]} pictures */
function choose(digit, finding, pictures) {
  if (finding && pictures.length > 1 && desk.kind !== 'all') {
    const kept = pictures[digit - 1];
    if (!kept) return false;
    desk.decide(pictures.map(({ id }) => ({ picture: id, action: id === kept.id ? 'keep' : 'leave out', to: null })));
    return true;
  }
  const to = classes()[digit - 1];
  if (to === undefined) return false;
  if (desk.group) return nameGroup(to), true;
  return file(pictures, to, false);
}

/** Another class than those with a digit, or a new one. @param {Finding | undefined} finding @param {Picture[]} pictures */
function other(finding, pictures) {
  if (desk.group) return /** @type {HTMLElement} */ (document.getElementById('group-name'))?.focus(), true;
  if (pictures.length === 0) return false;
  pick.open(classes(), (name, fresh) => {
    if (!finding || pictures.length === 1 || desk.kind === 'all') return void file(pictures, name, fresh);
    // Of copies one is enough, whatever it shows.
    const [one] = finding.keep ?? [pictures[0].id];
    desk.decide(pictures.map(({ id }) => (id === one ? { picture: id, action: 'relabel', to: name, ...(fresh ? { new_class: true } : {}) } : { picture: id, action: 'leave out', to: null })));
  });
  return true;
}

/** Files pictures under a class; those that are in it already are kept. @param {Picture[]} pictures @param {string} to @param {boolean} fresh */
function file(pictures, to, fresh) {
  if (pictures.length === 0) return false;
  const id = desk.state?.classes.find(({ name }) => name === to)?.id;
  const decisions = pictures.map((picture) => (picture.class !== null && picture.class === id ? { picture: picture.id, action: 'keep', to: null } : { picture: picture.id, action: 'relabel', to, ...(fresh ? { new_class: true } : {}) }));
  desk.decide(decisions, desk.kind !== 'all');
  if (desk.kind === 'all') tiles.decided();
  return true;
}

/** To the next kind of which something is left. */
function onward() {
  const next = desk.kinds.find((kind) => kind !== 'all' && kind !== desk.kind && desk.left(kind) > 0);
  if (next) show(next);
  else finish.open();
  return true;
}

/** Shows a kind of finding, groups, or all pictures. @param {string} kind @param {boolean} [stay] the keyboard stays where it is */
async function show(kind, stay = false) {
  const all = kind === 'all';
  await desk.show(kind).catch((error) => program.lost(error));
  if (all) await tiles.load().catch((error) => program.lost(error));
  if (stay) return;
  if (all) tiles.focus();
  else if (!document.querySelector('dialog[open]')) at('desk').focus({ preventScroll: true });
}

/** @param {Picture} picture */
function enlarge(picture) {
  at('large-name').textContent = shown(picture.name);
  at('large-picture').replaceChildren(make('img', { src: picture.large, alt: shown(picture.name) }));
  /** @type {HTMLDialogElement} */ (at('large')).showModal();
}

/** What a finding's picture is looked at for. @param {Finding} finding */
const keyOf = ({ pictures, suggestion }) => `${pictures[0]?.id} ${suggestion}`;

/**
 * What the classifier makes of a finding's picture, and what in it speaks for the class that is
 * suggested: asked for once.
 * @param {Finding} finding
 * @returns {Promise<Read | null>}
 */
function look(finding) {
  const key = keyOf(finding);
  const { pictures: [{ id }], suggestion } = finding;
  const known = looks.get(key);
  if (known) return known;
  const query = new URLSearchParams({ heat_map: 'true', ...(suggestion === null ? {} : { heat_class: suggestion }) });
  const asked = program.ask(`v1/pictures/${id}/answer?${query}`).then(({ predictions }) => predictions[0], () => null);
  looks.set(key, asked);
  return asked;
}

/** Makes the findings ready that come next. */
async function ahead() {
  const { list, place, current } = desk;
  const labelled = LABELS.includes(desk.kind) && desk.state?.classifier;
  if (current && current.pictures.length > 0 && labelled && looked?.key !== keyOf(current)) {
    const read = await look(current);
    if (!desk.current || keyOf(desk.current) !== keyOf(current)) return;
    looked = { key: keyOf(current), read };
    changed();
  }
  for (const finding of list.slice(place + 1, place + 1 + AHEAD)) {
    for (const picture of finding.pictures.slice(0, 4)) new Image().src = picture.large;
    if (labelled && finding.pictures.length > 0) await look(finding);
  }
}

/** Draws in the next frame. */
function changed() {
  frame ||= requestAnimationFrame(draw);
}

function draw() {
  frame = 0;
  const { away } = program;
  note('gone', away === '' ? '' : say(away === 'locked' ? 'trouble.key' : desk.outbox.waiting.length > 0 ? 'trouble.kept' : 'trouble.gone'), { urgent: true });
  const { state } = desk;
  if (!state) return;
  document.title = say('review.title', { name: shown(state.name) });
  at('name').textContent = shown(state.name);
  at('tells').replaceChildren(say(state.layout === 'unsorted' ? 'review.unsorted' : 'review.tells', { n: state.pictures }), ' ', ...tally(state.classes.slice(0, 8)), state.classes.length > 8 ? ` ${say('about.more', { n: state.classes.length - 8 })}` : '');
  at('plan').hidden = false;
  drawKinds();
  finish.draw();
  drawWay();
  const all = desk.kind === 'all';
  for (const id of ['tiles-tools', 'tiles-room']) at(id).hidden = !all;
  at('view').hidden = all;
  if (all) tiles.update();
  const signature = signed(all);
  if (signature === drawn) return;
  drawn = signature;
  const inside = at('view').contains(document.activeElement);
  if (!all) at('view').replaceChildren(...view());
  drawBar();
  // A button that was drawn anew takes the keyboard with it.
  if (inside) at('desk').focus({ preventScroll: true });
  ahead();
}

/** What the view depends on. @param {boolean} all */
function signed(all) {
  const { current, group, state } = desk;
  const made = current?.pictures.map(({ id, moved }) => [id, moved, desk.decisions.get(id)]);
  return JSON.stringify([desk.kind, all, current?.id, current?.kind, made, group && [group.group, group.name, group.pictures], heat, looked?.key, keys.on, desk.list.length, classes(), state?.phase, desk.left(desk.kind), state?.job?.kind]);
}

/** @returns {HTMLElement[]} */
function view() {
  const { current, group } = desk;
  if (current) return drawFinding(page(), current);
  if (group) return drawGroup(page(), group);
  if (desk.count(desk.kind) > desk.list.length + desk.groups.length) return [make('p', {}, say('review.fetching'))];
  const next = desk.kinds.find((kind) => kind !== 'all' && kind !== desk.kind && desk.left(kind) > 0);
  const words = next ? parts('done.next', { kind: title(next), n: desk.left(next) }) : [say('done.apply')];
  const left = desk.left(desk.kind);
  return [
    make('h2', {}, left > 0 ? say('done.left', { n: left }) : say('done.title')),
    make('div', { class: 'buttons' }, (next !== undefined || Boolean(desk.state?.plan.changes)) && make('button', { type: 'button', class: 'first', onclick: () => onward() }, keys.cap('accept'), make('span', {}, words)),
      make('button', { type: 'button', onclick: () => show('all') }, say('done.all'))),
  ];
}

/** @param {string} kind */
const title = (kind) => (kind === 'all' ? say('review.all') : kind === 'groups' ? say('review.groups') : shown(desk.state?.tabs.find((tab) => tab.kind === kind)?.title ?? kind));

/** Draws the kinds of findings, with how many are left of each. */
function drawKinds() {
  const { kinds } = desk;
  const there = [...document.querySelectorAll('[name=kind]')].map((choice) => choice.getAttribute('value'));
  if (there.join() !== kinds.join()) {
    const focused = document.activeElement?.getAttribute('value');
    at('kinds').replaceChildren(at('kinds').children[0], ...kinds.map((kind) => {
      const choice = make('input', { type: 'radio', name: 'kind', value: kind });
      // Arrows go from kind to kind, and Enter or a click goes to what is shown.
      choice.addEventListener('change', () => { tiles.only(null); show(kind, !byPointer); });
      choice.addEventListener('keydown', (event) => {
        byPointer = false;
        if (event.key === 'Enter') event.preventDefault(), show(kind);
      });
      return make('label', { onpointerdown: () => { byPointer = true; }, onclick: () => kind === desk.kind && show(kind) }, choice, make('span', {}, title(kind), ' ', make('b', { id: `kind-${kind}` })));
    }));
    if (focused) /** @type {HTMLElement | null} */ (document.querySelector(`[name=kind][value="${focused}"]`))?.focus();
  }
  for (const kind of kinds) {
    /** @type {HTMLInputElement} */ (document.querySelector(`[name=kind][value="${kind}"]`)).checked = kind === desk.kind;
    const left = desk.left(kind);
    at(`kind-${kind}`).textContent = kind === 'all' ? number(desk.count(kind)) : left === 0 ? '✓' : number(left);
  }
}

/** Draws how far the reader is. */
function drawWay() {
  const of = desk.kind === 'groups' ? desk.groups.length : desk.list.length;
  at('way').hidden = desk.kind === 'all' || of === 0;
  const bar = /** @type {HTMLProgressElement} */ (at('way-bar'));
  bar.max = Math.max(1, of);
  bar.value = of - desk.left(desk.kind);
  at('way-words').textContent = desk.place < of ? say('review.place', { n: desk.place + 1, total: of, left: desk.left(desk.kind) }) : say('review.end', { total: of, left: desk.left(desk.kind) });
  /** @type {HTMLButtonElement} */ (at('way-back')).disabled = desk.place <= 0;
  /** @type {HTMLButtonElement} */ (at('way-later')).disabled = desk.place >= of;
}

/** Draws the buttons with keys that are always there. */
function drawBar() {
  for (const action of ['undo', 'redo', 'help', 'apply', 'later']) {
    for (const button of document.querySelectorAll(`.plan [data-act=${action}], .way [data-act=${action}]`)) {
      const cap = keys.cap(action);
      button.replaceChildren(...(cap ? [cap] : []), make('span', {}, say(`act.${action}`)));
    }
  }
  const chip = (/** @type {string} */ action, /** @type {string} */ words) => make('button', { type: 'button', onclick: () => act(action) }, keys.cap(action), make('span', {}, words));
  at('tiles-acts').replaceChildren(make('div', { class: 'chips', role: 'group', 'aria-label': say('act.file') }, make('span', { class: 'reason', 'aria-hidden': 'true' }, say('act.file')),
    classes().slice(0, 9).map((name, place) => make('button', { type: 'button', onclick: () => act('digit', place + 1) }, keys.on && make('kbd', { 'aria-hidden': 'true' }, String(place + 1)), make('bdi', {}, label(name)))),
    chip('other', say('act.other')), chip('leave', say('act.leave')), chip('keep', say('act.keep'))));
}

fillWords(document);
for (const button of document.querySelectorAll('.plan [data-act], .way [data-act]')) {
  button.addEventListener('click', () => act(button.getAttribute('data-act') ?? ''));
}
at('large-close').addEventListener('click', () => /** @type {HTMLDialogElement} */ (at('large')).close());
for (const dialog of document.querySelectorAll('dialog')) {
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  dialog.addEventListener('close', () => (desk.kind === 'all' ? tiles.focus() : at('desk').focus({ preventScroll: true })));
}
/** @type {HTMLInputElement} */ (at('tiles-search')).placeholder = say('tiles.search');
document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const within = target === document.body || target.closest('#desk, #plan') !== null;
  // A button is pressed by the keys that press buttons.
  const presses = target.closest('button, a, summary') !== null && ['Enter', ' '].includes(event.key);
  if (within && !presses) keys.handle(event);
});
addEventListener('keys', () => { drawn = ''; changed(); });
program.start();
