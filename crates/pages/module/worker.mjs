/*
 * What a page's worker does: it stands behind `lookalike.mjs`, which the page puts before it. A call
 * comes as `{id, call, …}` and is answered by `{id, said}` or `{id, trouble}`.
 */

/** @type {Promise<Classifier> | undefined} */ let ready;

/** What is packed as text: gzip in base64. @param {string} text */
async function unpacked(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place += 1) bytes[place] = letters.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

const calls = {
  /** @param {{module: string, classifier: string, name: string}} given */
  async load({ module, classifier, name }) {
    const [wasm, bytes] = await Promise.all([unpacked(module), unpacked(classifier)]);
    const loaded = load(bytes, { wasm, name, selfTest: false });
    // Whoever predicts waits for the self-test; whoever reads the page does not.
    ready = loaded.then((one) => new Promise((resolve, reject) => {
      setTimeout(() => {
        try {
          one.selfTest();
          resolve(one);
        } catch (error) {
          reject(error);
        }
      });
    }));
    ready.catch(() => {});
    const { classes, noveltyLimit } = await loaded;
    return { classes, noveltyLimit };
  },
  /** @param {{picture: Blob, ask: object}} given */
  async predict({ picture, ask }) {
    return (await ready)?.predict(picture, ask);
  },
};

addEventListener('message', async ({ data: { id, call, ...given } }) => {
  try {
    postMessage({ id, said: await calls[call](given) });
  } catch (error) {
    postMessage({ id, trouble: error instanceof DOMException && error.name === 'NotReadableError' ? 'vanished' : String(error?.message ?? error) });
  }
});
