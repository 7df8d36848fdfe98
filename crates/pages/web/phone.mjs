/** The page on a phone: a photo is tried, or goes to a class of the app. */

import { groupOf, Trouble } from './answers.mjs';
import { mark, odds, preview, reason, verdict } from './card.mjs';
import { at, fillWords, label, make, nameClasses, note, say, shown } from './make.mjs';
import { ask, exchangeKey, place, predict } from './transport.mjs';

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id));

/** The class that photos go to; none: they are tried. @type {number | null} */ let into = null;
let address = '';

/** What is wrong, in words. @param {unknown} error */
function inWords(error) {
  const { kind, message } = error instanceof Trouble ? error : new Trouble('failed', String(error));
  return say(kind === 'gone' ? 'phone.gone' : kind === 'locked' ? 'phone.over' : 'phone.failed', { detail: message });
}

async function start() {
  try {
    await exchangeKey();
    const { name, classes = [] } = await ask('v1/state', {});
    document.title = say('page.title', { name: shown(name) });
    at('name').textContent = shown(name);
    nameClasses(classes.map((/** @type {{name: string}} */ one) => one.name));
    const choice = (/** @type {string} */ words, /** @type {number | null} */ id) => make('label', {},
      make('input', { type: 'radio', name: 'into', checked: id === null, onchange: () => { into = id; } }), make('span', {}, make('bdi', {}, words)));
    at('what').replaceChildren(at('what').children[0], choice(say('phone.try'), null), ...classes.map((/** @type {{id: number, name: string}} */ one) => choice(label(one.name), one.id)));
    at('what').hidden = classes.length === 0;
  } catch (error) {
    note('trouble', inWords(error), { urgent: true });
  }
}

/** @param {File[]} files */
async function take(files) {
  for (const file of files) {
    try {
      await (into === null ? tried(file) : filed(file, into));
      note('trouble', '');
    } catch (error) {
      note('trouble', inWords(error), { urgent: true });
    }
  }
}

/** @param {File} file @param {(string | Node)[]} heading @param {(Node | null | false)[]} body @param {string} group */
function show(file, heading, body, group) {
  URL.revokeObjectURL(address);
  address = URL.createObjectURL(file);
  at('result').hidden = false;
  at('shown').replaceChildren(preview(address, shown(file.name)));
  at('says').className = `says ${group}`;
  const title = make('h3', {}, mark(/** @type {any} */ (group)), make('span', {}, heading));
  at('says').replaceChildren(title, .../** @type {Node[]} */ (body.filter(Boolean)));
  at('status').textContent = title.textContent;
}

/** @param {File} file */
async function tried(file) {
  show(file, [say('answer.asking')], [], 'asking');
  const read = await predict(file);
  show(file, verdict(read), [reason(read), read.answer.length > 0 && odds(read.top.slice(0, 3), read)], groupOf(read));
}

/** @param {File} file @param {number} id */
async function filed(file, id) {
  const query = new URLSearchParams({ name: file.name });
  const { already } = await ask(`v1/classes/${id}/pictures?${query}`, { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } });
  show(file, [say(already.length > 0 ? 'phone.already' : 'phone.filed')], [], 'sure');
}

fillWords(document);
at('foot').textContent = say('foot.remote', { host: place.host });
for (const [button, field] of [['shoot', 'camera'], ['choose', 'files']]) {
  at(button).addEventListener('click', () => input(field).click());
  input(field).addEventListener('change', () => {
    const files = [...(input(field).files ?? [])];
    input(field).value = '';
    take(files);
  });
}
start();
