/** The table of words and its uses agree. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { words } from '../words.en.mjs';

const web = path.dirname(import.meta.dirname);
const read = (name) => readFileSync(path.join(web, name), 'utf8');
const modules = readdirSync(web).filter((name) => name.endsWith('.mjs') && name !== 'words.en.mjs');
const pages = readdirSync(web).filter((name) => name.endsWith('.html'));
const html = pages.map(read).join('\n');

/** The keys that sources name, and the patterns of those that they put together. */
function uses() {
  const named = [...html.matchAll(/data-(?:say|label)="([^"]+)"/g)].map(([, key]) => key);
  const made = [];
  for (const source of modules.map(read)) {
    for (const [, inside] of source.matchAll(/\b(?:say|parts)\(([^]*?)(?:, \{|\))/g)) {
      named.push(...[...inside.matchAll(/(?<!=== )'([\w.]+)'/g)].map(([, literal]) => literal));
      made.push(...[...inside.matchAll(/`([^`]+)`/g)].map(([, template]) => new RegExp(`^${template.replaceAll('.', '\\.').replace(/\$\{[^}]+\}/g, '[a-z]+')}$`)));
    }
  }
  return { named: new Set(named), made };
}

test('every use has its words', () => {
  const { named, made } = uses();
  assert(named.size > 60, `only ${named.size} uses were found`);
  assert.deepEqual([...named].filter((key) => !(key in words)), []);
  const keys = Object.keys(words);
  assert.deepEqual(made.filter((pattern) => !keys.some((key) => pattern.test(key))), []);
});

test('every entry is used', () => {
  const { named, made } = uses();
  assert.deepEqual(Object.keys(words).filter((key) => !named.has(key) && !made.some((pattern) => pattern.test(key))), []);
});

for (const page of pages) {
  test(`${page}: without script it says so, and nothing else of it is words outside the table`, () => {
    const inside = read(page).replace(/<head>[\s\S]*<\/head>/, '').replace(/<noscript>[\s\S]*?<\/noscript>/, '');
    assert.match(read(page), /<noscript><p[^>]*>This page needs JavaScript/);
    // Signs of steps and arrows are no words.
    assert.deepEqual(inside.replace(/<[^>]+>/g, ' ').split(/\s+/).filter((text) => /\p{Letter}/u.test(text)), []);
  });
}

test('both forms of a plural name their number', () => {
  for (const [key, entry] of Object.entries(words)) {
    if (typeof entry === 'string') continue;
    assert(Object.values(entry).every((form) => form.includes('{n}')), key);
  }
});

/** The modules that one needs, in an order in which each comes after those that it imports. */
function order(first) {
  // A page in one file puts each into a function of its own, after those that it imports: by name,
  // not renamed, not by default, not later, and in no circle.
  const found = new Set();
  const after = (name, path) => {
    assert(!path.includes(name), `a circle: ${[...path, name].join(' → ')}`);
    if (found.has(name)) return;
    const source = read(name).replace(/\/\*[^]*?\*\//g, '');
    assert.doesNotMatch(source, /export default|export \*|import \*|\bimport\(|import \{[^}]* as /, name);
    for (const [, other] of source.matchAll(/from '\.\/([^']+)'/g)) after(other, [...path, name]);
    found.add(name);
  };
  after(first, []);
  return [...found];
}

const script = (page) => /<script type="module" src="([^"]+)">/.exec(read(page))[1];

test('the modules of a page can be joined into one file, and every module is used', () => {
  const used = new Set(pages.flatMap((page) => order(script(page))));
  assert.deepEqual([...used].sort(), [...modules, 'words.en.mjs'].sort());
});

test('one module alone asks the program, and one listens to it', () => {
  const asking = modules.filter((name) => /\bfetch\(|XMLHttpRequest|EventSource|WebSocket|sendBeacon/.test(read(name)));
  assert.deepEqual(asking, ['program.mjs', 'transport.mjs']);
});
