/** Answers without a browser: the mean of a camera's pictures, tables, numbers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv, groupOf, json, mean } from '../answers.mjs';
import { duration, interval, label, nameClasses, percent, say, shown } from '../make.mjs';

const CLASSES = ['husky', 'malamute'];
const near = [{ picture: 'husky/1.jpg', class: 'husky', similarity: 0.5, thumbnail: 'v1/known/0.jpg' }];

/** An answer that names these classes of the two. */
function read(named, husky = 0.75) {
  const top = [{ class: 'husky', probability: husky }, { class: 'malamute', probability: 1 - husky }];
  const verdict = ['unfamiliar', 'class', 'ambiguous'][named.length];
  return { verdict, reason: 'sure', answer: top.filter((entry) => named.includes(entry.class)), top, novelty: 0.5, nearest: near };
}

const item = (name, read, error = null) => ({ name, read, error, group: read ? groupOf(read) : 'failed', odds: read && Float32Array.from(read.top, (entry) => entry.probability) });

test('the mean of five pictures is of their probabilities', () => {
  const five = [0.6, 0.7, 0.8, 0.9, 1].map((husky) => read(['husky'], husky));
  const { verdict, answer, top } = mean(five, CLASSES, 5);
  assert.equal(verdict, 'class');
  assert.equal(answer[0].class, 'husky');
  assert(Math.abs(answer[0].probability - 0.8) < 1e-9);
  assert(Math.abs(top[1].probability - 0.2) < 1e-9);
});

test('until pictures agree, the answer is that it is not known', () => {
  const verdict = (...names) => mean(names.map((named) => read(named)), CLASSES, 5).verdict;
  assert.equal(verdict(), 'unfamiliar');
  assert.equal(verdict(['husky']), 'unfamiliar', 'one picture is too few');
  assert.equal(verdict(['husky'], ['husky']), 'class');
  assert.equal(verdict([], [], [], ['husky'], ['husky']), 'unfamiliar');
  assert.equal(verdict([], [], ['husky'], ['husky'], ['husky']), 'class');
  assert.equal(verdict(['husky'], ['husky'], ['malamute'], ['malamute'], []), 'ambiguous', 'no class has the majority');
  assert.equal(verdict(CLASSES, CLASSES, CLASSES, ['husky'], []), 'ambiguous');
});

test('a table has a column for each class, and no cell is a formula', () => {
  const text = csv([item('-a.jpg', read(['husky'])), item('b,"c".jpg', read([])), item('d.txt', null, 'no picture')], ['husky', '=1+1']);
  const [head, sure, unknown, unread, end] = text.split('\n');
  assert.equal(head, '\ufeffpicture,verdict,answer,probability,probability of husky,probability of =1+1,novelty,nearest,error');
  assert.equal(sure, "'-a.jpg,class,husky,0.750000,0.750000,0.250000,0.500000,husky/1.jpg,");
  assert.equal(unknown, '"b,""c"".jpg",unfamiliar,not recognised,,,,0.500000,husky/1.jpg,');
  assert.equal(unread, 'd.txt,,,,,,,,no picture');
  assert.equal(end, '');
});

test('the document is that of `predict --json`, without what the page alone knows', () => {
  const document = JSON.parse(json([item('a.jpg', read(['husky'])), item('d.txt', null, 'no picture')], CLASSES, { model: 'm.lookalike', novelty_limit: null }));
  assert.deepEqual(Object.keys(document), ['model', 'classes', 'novelty_limit', 'predictions']);
  assert.deepEqual(Object.keys(document.predictions[0]), ['picture', 'verdict', 'reason', 'answer', 'top', 'novelty', 'nearest']);
  assert.deepEqual(document.predictions[0].nearest, [{ picture: 'husky/1.jpg', class: 'husky', similarity: 0.5 }]);
  assert.deepEqual(document.predictions[1], { picture: 'd.txt', error: 'no picture' });
});

test('numbers read as in the report', () => {
  assert.deepEqual([0.001, 0.01, 0.834, 0.99, 0.999].map(percent), ['<1%', '1%', '83%', '99%', '>99%']);
  assert.deepEqual(interval({ value: 0.7, low: 0.611, high: 0.78 }), { share: '70%', low: '61', high: '78%' });
  assert.deepEqual(interval({ value: 0.997, low: 0.98, high: 0.9999 }), { share: '99.7%', low: '98.0', high: '100.0%' });
  assert.deepEqual([1, 42, 95, 3600].map(duration), ['1 second', '40 seconds', '2 minutes', '60 minutes']);
  assert.equal(say('pictures', { n: 1 }), '1 picture');
  assert.equal(say('pictures', { n: 2107904 }), '2,107,904 pictures');
});

test('names are shown without what hides or turns them', () => {
  assert.equal(shown('a\u202egnp.exe\u0007'), 'a\ufffdgnp.exe\ufffd');
  assert.equal(shown('x'.repeat(400)).length, 301);
  nameClasses(['eskimo_dog', 'husky']);
  assert.equal(label('eskimo_dog'), 'eskimo dog');
  nameClasses(['eskimo_dog', 'eskimo dog']);
  assert.equal(label('eskimo_dog'), 'eskimo_dog', 'two classes never look the same');
});
