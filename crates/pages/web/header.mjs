/** What the classifier tells apart, and how well: the head and the foot of the page. */

import { at, interval, label, listed, make, parts, say, shown } from './make.mjs';

/** @typedef {import('./transport.mjs').About} About */

/** Classes that the sentence names at most, and that are shown with pictures. */
const NAMED = 5;
const EXAMPLES = 12;

/**
 * Draws the head for a classifier.
 * @param {About} about
 */
export function drawHeader(about) {
  const { name, classes, accuracy } = about;
  document.title = say('page.title', { name: shown(name) });
  at('name').textContent = shown(name);
  at('tells').replaceChildren(...tells(classes));
  at('judged').replaceChildren(...judged(accuracy));
  const examples = about.served.examples ?? [];
  at('examples').hidden = examples.length === 0;
  at('examples').replaceChildren(...examples.slice(0, EXAMPLES).map(example));
  if (examples.length > EXAMPLES) at('examples').append(make('li', { class: 'more' }, say('about.more', { n: examples.length - EXAMPLES })));
}

/** @param {string[]} classes */
function tells(classes) {
  const names = classes.map(label);
  if (names.length <= NAMED) return parts('about.question', { classes: make('span', {}, listed(names, say('list.or'))) });
  const some = make('span', {}, listed(names.slice(0, NAMED), ','), ` ${say('about.more', { n: names.length - NAMED })}`);
  return parts('about.tells', { n: names.length, classes: some });
}

/** How often it was right, as a bar with its interval and as a sentence. @param {About['accuracy']} accuracy */
function judged(accuracy) {
  if (!accuracy || accuracy.value === null || accuracy.n === 0) return [make('p', { class: 'reason' }, say('about.unjudged'))];
  const { value, low, high } = accuracy;
  const words = interval({ value, low, high });
  const gauge = make('div', { class: 'gauge', role: 'img', 'aria-label': say('about.bar', words), '--value': value, '--low': low, '--high': high },
    make('i', { class: 'fill' }), make('i', { class: 'whisker' }));
  const sentence = parts('about.judged', { ...words, share: make('b', {}, words.share), pictures: say('pictures', { n: accuracy.n }) });
  return [gauge, make('p', {}, sentence), make('p', { class: 'reason' }, say('about.interval'))];
}

/** Some training pictures of a class. @param {{class: string, thumbnails: string[]}} of */
function example({ class: name, thumbnails }) {
  const pictures = thumbnails.slice(0, 3).map((address) => make('img', { src: address, alt: '', width: 112, height: 112 }));
  return make('li', {}, make('span', { class: 'strip' }, pictures), make('bdi', { title: name }, label(name)));
}

/**
 * Where the pictures go, and what else there is.
 * @param {About} about
 * @param {{host: string, local: boolean, inside: boolean}} place
 */
export function drawFooter({ served }, { host, local, inside }) {
  at('foot-place').textContent = inside ? say('foot.inside') : local ? say('foot.local') : say('foot.remote', { host });
  const report = served.report && make('a', { href: 'report', target: '_blank', rel: 'noopener' }, say('about.report'));
  at('foot-more').replaceChildren(...[report, report && ' · ', say('foot.version', { version: served.version })].filter((part) => part !== false));
}

