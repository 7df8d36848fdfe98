/** Files that were made to harm a decoder: each gets an answer or a reason, and the next one too. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { load } from '../../pages/module/lookalike.mjs';
import { below, classifier, crates, folder, shared, wasm } from './fixture.mjs';

/** What a page may take, in bytes. */
const MOST = 512 * 2 ** 20;

/** A block of a PNG. */
function block(kind, content) {
  const bytes = Buffer.concat([Buffer.from(kind), content]);
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(~sum >>> 0);
  return Buffer.concat([length, bytes, check]);
}

/** A sound black PNG of so many pixels a side, in one byte each, and three once it is decoded. */
function huge(side) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const pixels = deflateSync(Buffer.alloc((side + 1) * side));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), block('IHDR', header), block('IDAT', pixels), block('IEND', Buffer.alloc(0))]);
}

/** The module with so little memory that a large picture breaks it: 900 pages of 64 KiB. */
function small() {
  const bytes = Buffer.from(wasm);
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const section = bytes[at++];
    const end = number() + at;
    if (section === 5) {
      // Two bytes of its most, 8,192 pages, end the section.
      assert.deepEqual([...bytes.subarray(end - 2, end)], [0x80, 0x40]);
      bytes.set([0x84, 0x07], end - 2);
      return bytes;
    }
    at = end;
  }
}

test('a module that a picture broke is replaced, and answers as before', { timeout: 600_000 }, async () => {
  const { file } = await classifier();
  const model = await load(readFileSync(file), { wasm: small() });
  const picture = readFileSync(path.join(crates, 'pictures/tests/golden/full.jpg'));
  const first = await model.predict(picture);
  const { predictions: [large] } = await model.predict(huge(6_000));
  assert.match(large.error, /memory/);
  assert.equal(model.memory, 0, 'it broke the module');
  assert.deepEqual(await model.predict(picture), first);
});

test('a picture that takes too much is refused before it is decoded', { timeout: 600_000 }, async () => {
  const { model } = await classifier();
  const { predictions: [large] } = await model.predict(huge(15_000));
  assert.match(large.error, /too large/);
  assert(model.memory < MOST);
});

test('hostile pictures get an answer or a reason in half a gigabyte', { timeout: 3_600_000 }, async (t) => {
  const archive = path.join(shared, 'data/hostile.tar.zst');
  if (!existsSync(archive)) return t.skip(`no ${archive}`);
  const at = path.join(folder, 'hostile');
  mkdirSync(at);
  try {
    execFileSync('tar', ['-I', 'zstd', '-xf', archive, '-C', at], { stdio: 'ignore' });
  } catch {
    return t.skip('tar cannot unpack zstd here');
  }
  const all = below(at);
  // A part of them in every run, each kind among them: the files lie in the order of their names.
  const files = process.env.LOOKALIKE_SLOW ? all : all.filter((_, place) => place % Math.ceil(all.length / 100) === 0);
  const { model } = await classifier();
  const count = { answers: 0, reasons: 0, restarts: 0 };
  let most = 0;
  for (const file of files) {
    const before = model.memory;
    const { predictions: [said] } = await model.predict(readFileSync(file), { name: path.basename(file) });
    if (said.error) count.reasons += 1;
    else count.answers += 1;
    assert(said.error?.length > 0 || said.top.length > 0, file);
    if (model.memory === 0) count.restarts += 1;
    most = Math.max(most, before, model.memory);
  }
  assert(most <= MOST, `${most} bytes`);
  assert(count.answers > 0 && count.reasons > 0, JSON.stringify(count));
  t.diagnostic(`${files.length} of ${all.length} files: ${JSON.stringify(count)}, at most ${(most / 2 ** 20).toFixed(0)} MiB`);
});
