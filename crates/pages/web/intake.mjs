/** How pictures come in: dropped anywhere, pasted, or chosen as files or as a folder. */

/** @typedef {{file: Blob, name: string}} Named */
/** @typedef {{files: Named[], skipped: number}} Taken */

/** How the names of files end that the program reads. */
const PICTURES = /\.(jpe?g|jpe|jfif|a?png|webp|gif|bmp|dib|tiff?|hei[cf]|hif|p[pgbna]m|ico|dng|nef|cr[23]|arw|raf|orf|rw2|pef|srw)$/i;

/**
 * Files of a folder, without those that are no pictures, in the order of their names.
 * @param {Named[]} found
 * @returns {Taken}
 */
function ofFolder(found) {
  const files = found.filter(({ name, file }) => PICTURES.test(name) || file.type.startsWith('image/'));
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { files, skipped: found.length - files.length };
}

/** @param {Iterable<File>} files @returns {Named[]} */
const named = (files) => Array.from(files, (file) => ({ file, name: file.webkitRelativePath || file.name }));

/**
 * Every file below an entry of what was dropped.
 * @param {FileSystemEntry} entry
 * @param {Named[]} found
 */
async function walk(entry, found) {
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    // A file that vanishes meanwhile is no reason to lose the others.
    const file = await new Promise((resolve) => one.file(resolve, () => resolve(null)));
    if (file) found.push({ file, name: entry.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return;
    for (const inner of some) await walk(inner, found);
  }
}

/** What was dropped or pasted. @param {DataTransfer} data @returns {Promise<Taken>} */
async function ofTransfer(data) {
  // Both lists are empty once the event is over, so they are read before anything is awaited.
  const entries = Array.from(data.items, (item) => (item.kind === 'file' ? item.webkitGetAsEntry?.() : null));
  const files = named(data.files);
  const folders = entries.filter((entry) => entry?.isDirectory);
  if (folders.length === 0) return { files, skipped: 0 };
  /** @type {Named[]} */ const found = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return ofFolder(found);
}

/**
 * Listens for pictures.
 * @param {{files: HTMLInputElement, folder: HTMLInputElement, veil: HTMLElement}} parts
 * @param {(taken: Taken, how: 'drop' | 'paste' | 'choice', where: EventTarget | null) => void} take `where` it was dropped
 */
export function intake({ files, folder, veil }, take) {
  for (const input of [files, folder]) {
    input.addEventListener('change', () => {
      const chosen = named(input.files ?? []);
      // The same file may be chosen again.
      input.value = '';
      if (chosen.length > 0) take(input === folder ? ofFolder(chosen) : { files: chosen, skipped: 0 }, 'choice', input);
    });
  }
  const dragged = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.some((type) => type === 'Files' || type === 'text/uri-list');
  let depth = 0;
  const veiled = (/** @type {number} */ by) => {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  };
  addEventListener('dragenter', (event) => dragged(event) && veiled(1));
  addEventListener('dragleave', (event) => dragged(event) && veiled(-1));
  addEventListener('dragover', (event) => {
    if (!dragged(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  addEventListener('drop', async (event) => {
    veiled(-depth);
    if (!event.dataTransfer) return;
    event.preventDefault();
    const { target } = event;
    take(await ofTransfer(event.dataTransfer), 'drop', target);
  });
  addEventListener('paste', async (event) => {
    const inField = event.target instanceof HTMLInputElement && event.target.type !== 'file';
    if (!event.clipboardData || (inField && event.clipboardData.files.length === 0)) return;
    event.preventDefault();
    take(await ofTransfer(event.clipboardData), 'paste', null);
  });
}
