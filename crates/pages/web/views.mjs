/** How a finding is shown: one picture that may be mislabelled, several that are alike, or a group without a name. */

import { LABELS } from './desk.mjs';
import { icon, label, make, number, parts, percent, say, shown } from './make.mjs';

/** @typedef {import('./desk.mjs').Finding} Finding */
/** @typedef {import('./desk.mjs').Group} Group */
/** @typedef {import('./program.mjs').Picture} Picture */
/** @typedef {import('./answers.mjs').Read} Read */
/**
 * What a view needs of the page.
 * @typedef {{desk: import('./desk.mjs').Desk, keys: import('./keys.mjs').Keys, act: (action: string, digit?: number) => void,
 *   classes: string[], read: Read | null, heat: boolean, name: (name: string) => void}} Page
 */

/** A name from outside, set off. @param {string} text */
const named = (text) => make('bdi', { class: 'name' }, label(text));

/** The class of a picture. @param {Page} page @param {Picture} picture */
export const filed = ({ desk }, picture) => desk.state?.classes.find(({ id }) => id === picture.class)?.name ?? null;

/** What was decided on a picture, as a sign and a word. @param {Page} page @param {Picture} picture */
export function verdictOf({ desk }, { id, moved }) {
  const decision = desk.decisions.get(id);
  if (moved) return make('span', { class: 'badge' }, say('said.moved'));
  if (!decision) return null;
  const words = decision.action === 'relabel' ? parts('said.relabel', { class: named(decision.to ?? '') }) : [say(decision.action === 'keep' ? 'said.keep' : 'said.leave')];
  return make('span', { class: `badge ${decision.action.replace(' ', '-')}` }, words);
}

/**
 * A picture in a frame that has its size before the picture is there.
 * @param {string} source
 * @param {string} words
 */
function framed(source, words) {
  const image = make('img', { src: source, alt: words, decoding: 'async', draggable: 'false' });
  image.addEventListener('error', () => image.replaceWith(make('span', { class: 'blank', role: words ? 'img' : undefined, 'aria-label': words || undefined }, icon('picture'), words !== '' && say('answer.nopicture'))));
  return make('div', { class: 'frame' }, image);
}

/** What is read aloud of a picture. @param {Page} page @param {Picture} picture */
export function aloud(page, picture) {
  const of = filed(page, picture);
  return of === null ? shown(picture.name) : say('look.alt', { class: label(of), picture: shown(picture.name) });
}

/** A button with its key. @param {Page} page @param {string} action @param {(string | Node)[]} words @param {boolean} [first] */
function button(page, action, words, first = false) {
  return make('button', { type: 'button', class: first ? 'first' : undefined, 'data-act': action, onclick: () => page.act(action) }, page.keys.cap(action), make('span', {}, words));
}

/** The classes, each with its digit. @param {Page} page @param {string} title */
function chips(page, title) {
  const some = page.classes.slice(0, 9).map((name, place) =>
    make('button', { type: 'button', onclick: () => page.act('digit', place + 1) }, page.keys.on && make('kbd', { 'aria-hidden': 'true' }, String(place + 1)), make('bdi', {}, label(name))));
  return make('div', { class: 'chips', role: 'group', 'aria-label': title }, make('span', { class: 'reason', 'aria-hidden': 'true' }, title), some, button(page, 'other', [say('act.other')]));
}

/** Pictures in a row. @param {Page} page @param {(string | Node)[]} title @param {Picture[]} pictures */
function strip(page, title, pictures) {
  return make('div', { class: 'like' }, make('h3', {}, title),
    make('ul', { role: 'list' }, pictures.map((picture) => make('li', {}, make('img', { src: picture.thumb, alt: aloud(page, picture), width: 160, height: 160 })))));
}

/** What a finding asks. @param {Page} page @param {Finding} finding */
function question(page, finding) {
  const { kind, pictures, suggestion, title, words } = finding;
  const of = pictures[0] ? filed(page, pictures[0]) : null;
  if (kind === 'next') return [make('h2', {}, say('ask.next')), make('p', { class: 'reason' }, shown(words))];
  if (LABELS.includes(kind) && suggestion !== null && of !== null) {
    return [make('h2', {}, parts(`ask.${kind}`, { class: named(of), other: named(suggestion) })), make('p', { class: 'reason' }, shown(words))];
  }
  if (kind === 'copies') return [make('h2', {}, say('ask.copies', { n: pictures.length })), make('p', { class: 'reason' }, shown(words))];
  if (kind === 'conflict') return [make('h2', {}, say('ask.conflict')), make('p', { class: 'reason' }, shown(words))];
  return [make('h2', {}, shown(title)), make('p', { class: 'reason' }, shown(words))];
}

/** @param {number} n how many are left out */
const leave = (n) => (n > 1 ? say('act.leave.all', { n }) : say('act.leave'));

/** What Enter does, in words. @param {Page} page @param {Finding} finding */
function accept(page, { kind, proposal, pictures, keep, suggestion, guesses }) {
  const to = proposal[0]?.to ?? suggestion ?? guesses?.[0]?.class;
  if (kind === 'next' && to) return parts('act.is', { class: named(to) });
  if (proposal.length === 0) return null;
  if (LABELS.includes(kind) && to) return parts('act.yes', { class: named(to) });
  const out = proposal.filter(({ action }) => action === 'leave out').length;
  if (keep && out > 0) return [say('act.framed', { n: out })];
  if (proposal.every(({ action }) => action === 'leave out')) return [leave(pictures.length)];
  return [say('act.accept')];
}

/** @param {Page} page @param {Finding} finding */
function actions(page, finding) {
  const { kind, pictures, proposal } = finding;
  const words = accept(page, finding);
  const of = pictures[0] ? filed(page, pictures[0]) : null;
  const keep = LABELS.includes(kind) && of !== null ? parts('act.no', { class: named(of) }) : [pictures.length > 1 ? say('act.keep.all', { n: pictures.length }) : say('act.keep')];
  const alike = LABELS.includes(kind) || proposal.length === 0 ? 0 : page.desk.list.filter((other) => other.proposal.length > 0 && page.desk.open(other)).length;
  // Enter leaves it out already.
  const alone = pictures.length === 1 && proposal.length === 1 && proposal[0].action === 'leave out';
  return make('div', { class: 'buttons acts' },
    words && button(page, 'accept', words, true),
    pictures.length > 0 && button(page, words || kind === 'conflict' ? 'keep' : 'accept', keep, !words && kind !== 'conflict'),
    alike > 1 && button(page, 'alike', [say('act.alike', { n: alike })]),
    pictures.length > 0 && !alone && button(page, 'leave', [leave(pictures.length)]));
}

/** One picture, beside what it is like. @param {Page} page @param {Finding} finding @returns {HTMLElement[]} */
function single(page, finding) {
  const [picture] = finding.pictures;
  const { read, heat } = page;
  const labelled = LABELS.includes(finding.kind);
  const hot = read?.heat_map;
  const near = (finding.near ?? []).filter((one) => one.pictures.length > 0);
  const left = make('figure', { class: 'side' }, framed(picture.large, aloud(page, picture)), make('figcaption', { class: 'path' }, make('bdi', {}, shown(picture.name)), verdictOf(page, picture)));
  const right = labelled && make('figure', { class: 'side hot' },
    framed(heat && hot ? hot.image : picture.large, hot ? say('answer.heat.of', { class: label(hot.class) }) : ''),
    make('figcaption', {}, make('span', {}, hot && heat ? parts('answer.heat.of', { class: named(hot.class) }) : ''), button(page, 'heat', [say(heat ? 'act.plain' : 'answer.heat')])));
  const strips = near.map(({ class: of, pictures }) => strip(page, parts('look.near', { class: named(of) }), pictures));
  const guesses = (finding.guesses ?? []).length > 0 && make('p', {}, say('look.guesses'), ' ', (finding.guesses ?? []).slice(0, 3).flatMap((guess, place) => [place > 0 ? ' · ' : '', named(guess.class), ` ${percent(guess.probability)}`]));
  return [make('div', { class: `pair${labelled ? '' : ' alone'}` }, left, right, labelled && make('div', { class: 'likes' }, strips)), guesses].filter((part) => part instanceof HTMLElement);
}

/** Pictures side by side; the one that is kept has a frame. @param {Page} page @param {Finding} finding */
function several(page, finding) {
  const { pictures, keep, keep_why: why } = finding;
  return make('ol', { class: 'tray', role: 'list' }, pictures.map((picture, place) => {
    const kept = keep?.includes(picture.id) ?? false;
    const of = filed(page, picture);
    const size = picture.width && picture.height ? `${number(picture.width)} × ${number(picture.height)}` : '';
    const choose = make('button', { type: 'button', class: 'only', onclick: () => page.act('digit', place + 1) },
      page.keys.on && place < 9 && make('kbd', { 'aria-hidden': 'true' }, String(place + 1)), make('span', {}, of === null ? say('act.only') : parts('act.only.of', { class: named(of) })));
    return make('li', { class: kept ? 'kept' : undefined },
      framed(picture.large, aloud(page, picture)),
      kept && make('p', { class: 'why' }, make('b', {}, say('look.kept')), why ? ` ${shown(why)}` : ''),
      make('p', { class: 'path' }, make('bdi', {}, shown(picture.name)), size && ` · ${size}`),
      verdictOf(page, picture), choose);
  }));
}

/** A finding, its question, and what can be done. @param {Page} page @param {Finding} finding @returns {HTMLElement[]} */
export function drawFinding(page, finding) {
  const many = finding.pictures.length > 1;
  const body = finding.pictures.length === 0 ? [] : many ? [several(page, finding)] : single(page, finding);
  return [...question(page, finding), ...body, actions(page, finding), ...(many || finding.pictures.length === 0 ? [] : [chips(page, say('act.file'))])];
}

/** A group without a name. @param {Page} page @param {Group} group @returns {HTMLElement[]} */
export function drawGroup(page, group) {
  const field = make('input', { type: 'text', id: 'group-name', 'aria-label': say('group.name'), placeholder: say('group.name'), autocomplete: 'off', spellcheck: 'false', maxlength: 200 });
  field.value = group.name ?? '';
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') at().focus();
    if (event.key !== 'Enter' || field.value.trim() === '') return;
    event.preventDefault();
    page.name(field.value.trim());
  });
  const at = () => /** @type {HTMLElement} */ (document.getElementById('desk'));
  const more = group.pictures - group.first.length;
  return [
    make('h2', {}, say('ask.group', { n: group.pictures })),
    make('p', { class: 'reason' }, say('group.how')),
    make('div', { class: 'buttons' }, field, make('button', { type: 'button', class: 'first', onclick: () => field.value.trim() !== '' && page.name(field.value.trim()) }, say('group.take')), group.name !== null && make('span', { class: 'badge relabel' }, named(group.name))),
    chips(page, say('group.same')),
    make('ul', { class: 'sheet', role: 'list' }, group.first.map((picture) => make('li', {}, make('img', { src: picture.thumb, alt: aloud(page, picture), width: 160, height: 160 })))),
    make('p', {}, button(page, 'see', [more > 0 ? say('group.more', { n: more }) : say('group.see')])),
  ];
}
