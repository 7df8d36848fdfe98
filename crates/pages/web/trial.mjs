/** The third column: pictures to try, their answers, and what becomes of a wrong one. */

import { groupOf, Trouble } from './answers.mjs';
import { mark, nearest, odds, preview, reason, verdict } from './card.mjs';
import { at, label, make, parts, say, shown } from './make.mjs';

/** @typedef {import('./answers.mjs').Read} Read */
/** @typedef {{file: Blob, name: string}} Named */
/** @typedef {Named & {id: number, read: Read | null, error: string, filed: string, address: string, element: HTMLElement}} Try */

/** Pictures that are kept on the page. */
const KEPT = 12;
/** Classes that have a button each; more share a list. */
const BUTTONS = 6;

export class Trial {
  /** @type {Try[]} */ #tries = [];
  #last = 0;

  /**
   * @param {(file: Blob) => Promise<Read>} predict
   * @param {{classes: () => string[], file: (name: string, picture: Named) => void, said: (words: string) => void}} page
   */
  constructor(predict, page) {
    this.predict = predict;
    this.page = page;
  }

  /** Asks about pictures, the newest shown first. @param {Named[]} files */
  async add(files) {
    const some = files.slice(0, KEPT).map((file) => ({ ...file, id: ++this.#last, read: null, error: '', filed: '', address: URL.createObjectURL(file.file), element: make('li', { class: 'card try', tabindex: -1 }) }));
    this.#tries.unshift(...some);
    for (const old of this.#tries.splice(KEPT)) {
      URL.revokeObjectURL(old.address);
      old.element.remove();
    }
    for (const one of some) this.#draw(one);
    at('tried').prepend(...some.map(({ element }) => element));
    for (const one of some) await this.#ask(one);
  }

  /** Asks again, as there is another classifier, and draws the classes anew. */
  async again() {
    for (const one of this.#tries) await this.#ask(one);
  }

  /** Draws the classes anew. */
  update() {
    for (const one of this.#tries) this.#draw(one);
  }

  /** @param {Try} one */
  async #ask(one) {
    try {
      one.read = await this.predict(one.file);
      one.error = '';
    } catch (error) {
      const { kind, message } = error instanceof Trouble ? error : new Trouble('failed', String(error));
      one.error = kind === 'gone' ? say('trouble.gone') : message;
    }
    this.#draw(one);
    if (one.read) this.page.said(make('span', {}, verdict(one.read)).textContent ?? '');
  }

  /** @param {Try} one */
  #draw(one) {
    const { read, error, filed, element } = one;
    const inside = element.contains(document.activeElement);
    const group = read ? groupOf(read) : error ? 'failed' : 'asking';
    const heading = read ? verdict(read) : say(error ? 'answer.failed' : 'answer.asking');
    element.className = `card try ${group}`;
    element.replaceChildren(...[
      make('div', { class: 'see' }, preview(one.address, shown(one.name))),
      make('div', { class: 'says' }, make('h3', {}, mark(group), make('span', {}, heading)),
        ...(read ? [reason(read), read.answer.length > 0 && odds(read.top.slice(0, 3), read), nearest(read)] : [error !== '' && make('p', { class: 'reason' }, shown(error))])),
      filed === '' ? (read || error === '') && this.#wrong(one) : make('p', { class: 'filed' }, parts('try.filed', { class: make('bdi', { class: 'name' }, label(filed)) })),
    ].filter((part) => part instanceof Node));
    if (inside) element.focus();
  }

  /** Files the picture where it belongs. @param {Try} one */
  #wrong(one) {
    const said = one.read?.answer.length === 1 ? one.read.answer[0].class : null;
    const others = this.page.classes().filter((name) => name !== said);
    if (others.length === 0 || !one.read) return null;
    const take = (/** @type {string} */ name) => {
      one.filed = name;
      this.page.file(name, one);
      this.#draw(one);
    };
    const title = say(said === null ? 'try.is' : 'try.wrong');
    if (others.length <= BUTTONS) {
      return make('div', { class: 'chips', role: 'group', 'aria-label': title }, make('span', { class: 'reason', 'aria-hidden': 'true' }, title),
        others.map((name) => make('button', { type: 'button', onclick: () => take(name) }, make('bdi', {}, label(name)))));
    }
    const list = make('select', { 'aria-label': title }, others.map((name) => make('option', { value: name }, label(name))));
    return make('div', { class: 'chips' }, make('span', { class: 'reason', 'aria-hidden': 'true' }, title), list, make('button', { type: 'button', onclick: () => take(list.value) }, say('try.file')));
  }
}
