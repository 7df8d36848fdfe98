/** A classifier that the program trained, the module that is checked in, and what the program says. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { load } from '../../pages/module/lookalike.mjs';

const execute = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
export const crates = path.resolve(here, '../..');

/** The program under test. */
const program = path.resolve(process.env.LOOKALIKE_BIN ?? path.join(crates, '../target/debug/lookalike'));

/** Data that lies beside the checkout on some machines. */
export const shared = path.resolve(process.env.LOOKALIKE_SHARED ?? path.join(crates, '../../shared'));

/** Where everything of a run lies; it goes when the run ends. */
export const folder = mkdtempSync(path.join(tmpdir(), 'lookalike-web-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The module, as it is checked in. */
export const wasm = gunzipSync(readFileSync(path.join(crates, 'pages/module/lookalike.wasm.gz')));
export const stated = readFileSync(path.join(crates, 'pages/module/sha256'), 'utf8').trim();
export const digest = createHash('sha256').update(wasm).digest('hex');

/** Runs the program; what it printed. Pictures that cannot be read are no failure here. */
export async function run(args) {
  const done = await execute(program, args, { cwd: folder, maxBuffer: 1 << 28 }).catch((error) => error);
  if (done.code !== undefined && done.code !== 0 && !done.stdout) throw done;
  return done.stdout;
}

/** The files below a folder, in order. */
export function below(at) {
  return readdirSync(at, { recursive: true }).map((name) => path.join(at, name)).filter((file) => statSync(file).isFile()).sort();
}

/**
 * A classifier to ask: the one that `LOOKALIKE_MODEL` names, else butterflies.
 * @returns the file, and the classifier in the module
 */
export async function classifier() {
  let file = process.env.LOOKALIKE_MODEL;
  if (!file) {
    file = path.join(folder, 'drawn.lookalike');
    if (!existsSync(file)) {
      await run(['practice', 'drawn', '--per-class', '30', '-q']);
      await run(['train', 'drawn', '-q']);
    }
  }
  return { file, model: await load(readFileSync(file), { wasm, name: file }) };
}

/** What the program says of pictures, and what the module says. */
export async function both({ file, model }, pictures, more = []) {
  const top = String(model.classes.length);
  const native = JSON.parse(await run(['predict', file, ...pictures, '--json', '-q', '--top', top, ...more]));
  const inside = [];
  for (const picture of pictures) {
    const said = await model.predict(readFileSync(picture), { name: picture, top: Number(top) });
    inside.push(said.predictions[0]);
  }
  return { native, inside };
}

/** The largest difference of a probability or novelty; throws where verdicts, names or reasons differ. */
export function difference(native, inside) {
  let largest = 0;
  const compare = (a, b) => { largest = Math.max(largest, Math.abs(a - b)); };
  const of = (entries) => new Map(entries.map((entry) => [entry.class, entry.probability]));
  for (const [place, one] of native.entries()) {
    const other = inside[place];
    const words = ({ picture, verdict, reason, answer, error }) => JSON.stringify({ picture, verdict, reason, answer: answer?.map((named) => named.class), error });
    if (words(one) !== words(other)) throw new Error(`the program: ${words(one)}\nthe module: ${words(other)}`);
    if (one.error) continue;
    const odds = of(other.top);
    for (const [name, probability] of of(one.top)) compare(probability, odds.get(name));
    if (one.novelty !== null) compare(one.novelty, other.novelty);
  }
  return largest;
}
