/**
 * An answer as it is shown: verdict, probabilities, nearest training pictures; the card of a picture,
 * and the picture looked at closely.
 */

import { at, icon, label, listed, make, parts, percent, say, shown } from './make.mjs';

/** @typedef {import('./answers.mjs').Item} Item */
/** @typedef {import('./answers.mjs').Read} Read */
/** @typedef {import('./answers.mjs').Group} Group */
/** @typedef {import('./answers.mjs').Named} Named */
/** What a card's buttons do. @typedef {{heat: (item: Item) => void, enlarge: (item: Item) => void, again: (item: Item) => void}} Actions */
/** A card on the page. @typedef {{element: HTMLElement, update: () => void, drop: () => void}} Drawn */

/** Classes that a heading names, and that a closer look lists, at most. */
const NAMED = 3;
const MOST = 200;
/** Milliseconds in which a frame is painted. */
const PAINT = 40;

/** The sign of a group: a shape, as a colour alone tells some readers nothing. @param {Group} group */
export const mark = (group) => make('span', { class: `mark ${group}`, 'aria-hidden': 'true' });

/**
 * The verdict as a heading says it: a class and its probability, several classes, or none.
 * @param {Read} read
 * @returns {(string | Node)[]}
 */
export function verdict(read) {
  const names = read.answer.map((named) => label(named.class));
  if (names.length === 0) return [say('answer.unknown')];
  if (names.length === 1) return [...listed(names, ''), make('span', { class: 'share' }, percent(read.answer[0].probability))];
  if (names.length <= NAMED) return listed(names, say('list.or'));
  return [...listed(names.slice(0, NAMED - 1), ','), ` ${say('list.or')} `, say('list.others', { n: names.length - NAMED + 1 })];
}

/** The verdict as one line of text. @param {Item} item */
export function inWords({ read, group }) {
  if (read) return make('span', {}, verdict(read)).textContent ?? '';
  return say(group === 'failed' ? 'answer.failed' : group === 'asking' ? 'answer.asking' : 'answer.waiting');
}

/**
 * Probabilities as bars, the classes of the answer set off.
 * @param {Named[]} entries
 * @param {Read} read
 */
export function odds(entries, read) {
  const meant = new Set(read.answer.map((named) => named.class));
  const rows = entries.map(({ class: name, probability }) =>
    make('li', { class: meant.has(name) ? 'meant' : undefined },
      make('bdi', { title: name }, label(name)),
      make('span', { class: 'meter', '--share': probability }, make('i')),
      make('b', {}, percent(probability))));
  return make('ul', { class: 'odds', role: 'list', 'aria-label': say('answer.odds') }, rows);
}

/** The training pictures that are most like the picture. @param {Read} read */
export function nearest(read) {
  if (read.nearest.length === 0) return null;
  const title = say(read.answer.length > 0 ? 'answer.near' : 'answer.near.far');
  const pictures = read.nearest.map(({ picture, class: of, thumbnail }) => {
    const words = say('answer.near.picture', { class: label(of), picture: shown(picture) });
    const image = thumbnail ? make('img', { src: thumbnail, alt: words, title: picture, width: 112, height: 112, loading: 'lazy' })
      : make('span', { class: 'blank', role: 'img', 'aria-label': words, title: picture });
    return make('li', {}, image, make('bdi', { title: of, 'aria-hidden': 'true' }, label(of)));
  });
  return make('div', { class: 'near' }, make('p', {}, title), make('ul', { role: 'list', 'aria-label': title }, pictures));
}

/** Why the answer is what it is. @param {Read} read */
export function reason(read) {
  return make('p', { class: 'reason' }, say(`answer.${read.reason}.reason`));
}

/** What is known of a picture, below its heading. @param {Item} item @param {Actions} actions */
function body(item, actions) {
  const { read, error, help, again } = item;
  if (read) return [reason(read), read.answer.length > 0 && odds(read.top, read), nearest(read)];
  if (error === null) return [make('div', { class: 'ghost' }, make('i'), make('i'), make('i'))];
  return [
    make('p', { class: 'reason' }, make('bdi', {}, error)),
    help && make('p', { class: 'reason' }, make('bdi', {}, help)),
    again && make('button', { type: 'button', onclick: () => actions.again(item) }, say('answer.retry')),
  ];
}

/**
 * The picture itself, shown from the file where it lies in the browser; a sign where the browser
 * cannot show its format.
 * @param {string} address
 * @param {string} words
 */
export function preview(address, words) {
  const image = make('img', { src: address || undefined, alt: words, decoding: 'async', draggable: 'false' });
  image.addEventListener('error', () => image.replaceWith(make('span', { class: 'blank', role: words ? 'img' : undefined, 'aria-label': words || undefined }, icon('picture'), words && say('answer.nopicture'))));
  return image;
}

/**
 * A card, which draws itself anew whenever its picture changes.
 * @param {Item} item
 * @param {Actions} actions
 * @returns {Drawn}
 */
export function card(item, actions) {
  let address = '';
  const image = preview('', '');
  // After the words are painted: whoever jumps through thousands waits for no picture passed over.
  const later = setTimeout(() => { image.src = address = URL.createObjectURL(item.file); }, PAINT);
  const see = make('button', { type: 'button', class: 'see', tabindex: -1, 'aria-label': `${say('answer.enlarge')}: ${shown(item.name)}`, onclick: () => actions.enlarge(item) }, image);
  const heat = make('button', { type: 'button', class: 'switch', tabindex: -1, onclick: () => actions.heat(item) }, icon('heat'), say('answer.heat'));
  const frame = make('div', { class: 'frame' }, see, heat);
  const says = make('div', { class: 'says' });
  const file = make('p', { class: 'path' }, make('bdi', { title: item.name }, shown(item.name)));
  const element = make('article', { class: 'card', tabindex: -1 }, frame, says, file);
  let drawn = '';
  const update = () => {
    const state = [item.group, item.read ? 1 : 0, item.heat?.class, item.hot, item.error].join();
    if (state === drawn) return;
    drawn = state;
    element.className = `card ${item.group}`;
    element.setAttribute('aria-label', say('answer.label', { picture: shown(item.name), answer: inWords(item) }));
    heat.hidden = item.read === null;
    heat.setAttribute('aria-pressed', String(item.hot));
    const heading = item.read ? verdict(item.read) : inWords(item);
    says.replaceChildren(make('h3', {}, mark(item.group), make('span', {}, heading)), ...body(item, actions).filter((part) => part instanceof Node));
    see.querySelector('.heat')?.remove();
    if (item.hot && item.heat) {
      see.append(make('img', { class: 'heat', src: item.heat.image, alt: say('answer.heat.of', { class: label(item.heat.class) }) }));
    }
  };
  update();
  const drop = () => {
    clearTimeout(later);
    if (address !== '') URL.revokeObjectURL(address);
  };
  return { element, update, drop };
}

/** The picture of a card, large, with every class and its neighbours in the list. */
export class Closer {
  /** @type {Item | null} */ #item = null;
  #address = '';
  #drawn = '';

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{items: () => Item[], classes: () => string[], heat: (item: Item) => void, closed: (item: Item) => void}} page
   */
  constructor(dialog, page) {
    this.dialog = dialog;
    this.page = page;
    at('closer-close').addEventListener('click', () => dialog.close());
    at('closer-before').addEventListener('click', () => this.#go(-1));
    at('closer-after').addEventListener('click', () => this.#go(1));
    at('closer-heat').addEventListener('click', () => this.#item && page.heat(this.#item));
    dialog.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowLeft') this.#go(-1);
      if (event.key === 'ArrowRight') this.#go(1);
    });
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    dialog.addEventListener('close', () => this.#closed());
  }

  /** @param {Item} item */
  open(item) {
    this.#show(item);
    this.dialog.showModal();
  }

  /** Draws the picture anew if anything about it changed. */
  update() {
    const item = this.#item;
    if (!item) return;
    const items = this.page.items();
    const place = items.indexOf(item);
    at('closer-place').textContent = place < 0 ? '' : say('answer.place', { n: place + 1, total: items.length });
    /** @type {HTMLButtonElement} */ (at('closer-before')).disabled = place <= 0;
    /** @type {HTMLButtonElement} */ (at('closer-after')).disabled = place < 0 || place === items.length - 1;
    const state = [item.id, item.group, item.hot, item.heat?.class].join();
    if (state === this.#drawn) return;
    this.#drawn = state;
    this.#draw(item);
  }

  /** @param {Item} item */
  #draw(item) {
    const { read, odds: all } = item;
    const heat = at('closer-heat');
    heat.hidden = read === null;
    heat.setAttribute('aria-pressed', String(item.hot));
    at('closer-title').replaceChildren(mark(item.group), make('span', {}, read ? verdict(read) : inWords(item)));
    at('closer-file').replaceChildren(make('bdi', {}, shown(item.name)));
    const hot = item.hot && item.heat;
    const image = preview(hot ? hot.image : this.#address, shown(item.name));
    at('closer-picture').replaceChildren(image, ...(hot ? [make('p', { class: 'reason' }, parts('answer.heat.of', { class: make('bdi', { class: 'name' }, label(hot.class)) }))] : []));
    at('closer-says').className = `says ${item.group}`;
    at('closer-says').replaceChildren(.../** @type {Node[]} */ ((read
      ? [reason(read), read.answer.length > 0 && odds(this.#ranked(all), read), nearest(read)]
      : [item.error !== null && make('p', { class: 'reason' }, make('bdi', {}, item.error))]).filter((part) => part instanceof Node)));
  }

  /** Every class and its probability, the most probable first. @param {Float32Array | null} all */
  #ranked(all) {
    const classes = this.page.classes();
    const ranked = classes.map((name, place) => ({ class: name, probability: all?.[place] ?? 0 }));
    return ranked.sort((a, b) => b.probability - a.probability).slice(0, MOST);
  }

  /** @param {Item} item */
  #show(item) {
    URL.revokeObjectURL(this.#address);
    this.#address = URL.createObjectURL(item.file);
    this.#item = item;
    this.#drawn = '';
    this.update();
  }

  /** @param {number} by */
  #go(by) {
    const items = this.page.items();
    const next = this.#item && items[items.indexOf(this.#item) + by];
    if (next) this.#show(next);
  }

  #closed() {
    const item = this.#item;
    URL.revokeObjectURL(this.#address);
    this.#item = null;
    if (item) this.page.closed(item);
  }
}
