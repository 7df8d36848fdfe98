/** The first column: the classes, their pictures, and what can be done with them. */

import { at, icon, label, make, parts, say, shown } from './make.mjs';

/** @typedef {import('./program.mjs').Class} Class */
/**
 * What a class's buttons do.
 * @typedef {{camera: (name: string) => void, files: (name: string) => void, see: (of: Class) => void,
 *   rename: (of: Class, name: string) => void, remove: (of: Class) => void}} Actions
 */
/** @typedef {{element: HTMLElement, update: (of: Class) => void}} Row */

/** Pictures that a class shows. */
const NEWEST = 6;

export class Classes {
  /** @type {Map<number, Row>} */ #rows = new Map();

  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.list = at('classes');
  }

  /** Draws the classes; a row that is there stays, with the keyboard in it. @param {Class[]} classes */
  draw(classes) {
    const ids = new Set(classes.map(({ id }) => id));
    for (const [id, { element }] of this.#rows) {
      if (ids.has(id)) continue;
      element.remove();
      this.#rows.delete(id);
    }
    let cursor = this.list.firstElementChild;
    for (const of of classes) {
      let row = this.#rows.get(of.id);
      if (!row) this.#rows.set(of.id, row = this.#row(of));
      row.update(of);
      if (row.element === cursor) cursor = cursor.nextElementSibling;
      else this.list.insertBefore(row.element, cursor);
    }
  }

  /** The keyboard goes to the camera of a class. @param {string} name */
  focus(name) {
    /** @type {HTMLElement | null} */ (this.list.querySelector(`[data-class="${CSS.escape(name)}"] button`))?.focus();
  }

  /** @param {Class} first @returns {Row} */
  #row(first) {
    let of = first;
    const { actions } = this;
    const name = make('bdi', {});
    const heading = make('h3', {}, name);
    const count = make('p', { class: 'reason' });
    const field = make('input', { type: 'text', 'aria-label': say('classes.rename.to'), maxlength: 200, autocomplete: 'off', spellcheck: 'false', hidden: true });
    const button = (/** @type {string} */ words, /** @type {string} */ sign, /** @type {() => void} */ run) =>
      make('button', { type: 'button', onclick: run }, icon(sign), make('span', {}, words));
    const camera = button(say('classes.camera'), 'camera', () => actions.camera(of.name));
    const files = button(say('classes.files'), 'picture', () => actions.files(of.name));
    const rename = make('button', { type: 'button', class: 'slim', onclick: () => edit(true) }, say('classes.rename'));
    const remove = make('button', { type: 'button', class: 'slim', onclick: () => actions.remove(of) }, say('classes.remove'));
    const see = make('button', { type: 'button', class: 'newest', onclick: () => actions.see(of) });
    const edit = (/** @type {boolean} */ on) => {
      heading.hidden = on;
      field.hidden = !on;
      rename.hidden = on;
      if (!on) return rename.focus();
      field.value = of.name;
      field.focus();
      field.select();
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') edit(false);
      if (event.key !== 'Enter') return;
      event.preventDefault();
      const wanted = field.value.trim();
      if (wanted !== '' && wanted !== of.name) actions.rename(of, wanted);
      edit(false);
    });
    field.addEventListener('blur', () => { heading.hidden = rename.hidden = false; field.hidden = true; });
    const element = make('li', { class: 'class' }, make('div', { class: 'title' }, heading, field, count, rename, remove), see, make('div', { class: 'buttons' }, camera, files));
    let drawn = '';
    const update = (/** @type {Class} */ now) => {
      of = now;
      const { newest = [], bursts = 0 } = now;
      const some = newest.slice(0, NEWEST);
      const state = JSON.stringify([now.name, label(now.name), now.pictures, bursts, some.map(({ thumb }) => thumb)]);
      if (state === drawn) return;
      drawn = state;
      element.dataset.class = now.name;
      name.textContent = label(now.name);
      count.textContent = [say('pictures', { n: now.pictures }), bursts > 0 && say('classes.bursts', { n: bursts })].filter(Boolean).join(' · ');
      see.hidden = now.pictures === 0;
      see.setAttribute('aria-label', say('classes.see', { class: label(now.name) }));
      see.replaceChildren(...some.map(({ thumb }) => make('img', { src: thumb, alt: '', width: 96, height: 96 })));
      remove.hidden = now.pictures > 0;
      for (const part of [camera, files, rename, remove]) part.setAttribute('aria-label', `${part.textContent}: ${label(now.name)}`);
    };
    return { element, update };
  }
}

/** Where dropped or chosen files of folders belong: the folder's name is the class. @param {{file: Blob, name: string}[]} files */
export function byFolder(files) {
  /** @type {Map<string, {file: Blob, name: string}[]>} */ const found = new Map();
  /** @type {{file: Blob, name: string}[]} */ const loose = [];
  for (const file of files) {
    const name = file.name.split('/').at(-2);
    if (name === undefined) loose.push(file);
    else found.set(name, [...(found.get(name) ?? []), file]);
  }
  return { found, loose };
}

/** What came in, in one sentence. @param {import('./upload.mjs').Upload} upload */
export function summary({ done, already, refused }) {
  const lines = [say('classes.added', { n: done - already - refused.length })];
  if (already > 0) lines.push(say('classes.already', { n: already }));
  if (refused.length > 0) lines.push(say('classes.refused', { n: refused.length }), `${shown(refused[0].name)}: ${shown(refused[0].error)}`);
  return lines.join(' ');
}

/** A class that lacks pictures, in words. @param {{code: string, class: number | null, have: number, need: number, words: string}} lack @param {Class[]} classes */
export function lacking({ code, class: id, have, need, words }, classes) {
  const n = need - have;
  if (code === 'classes') return [say('lack.classes', { n })];
  const of = classes.find((one) => one.id === id);
  return code === 'pictures' && of ? parts('lack.pictures', { n, class: make('bdi', { class: 'name' }, label(of.name)) }) : [shown(words)];
}
