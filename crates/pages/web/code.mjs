/** The code that a phone scans to find the program. */

import { at, say } from './make.mjs';

/** @typedef {{address: string, qr: string, seconds: number}} Phone */

/** Shows the code with its address, while it is good. @param {Phone | null} phone */
export function drawCode(phone) {
  const good = phone !== null && phone.seconds > 0;
  at('phone-code').hidden = !good;
  if (!good) return;
  const picture = /** @type {HTMLImageElement} */ (at('phone-qr'));
  picture.alt = say('phone.code');
  if (picture.getAttribute('src') !== phone.qr) picture.src = phone.qr;
  at('phone-address').textContent = phone.address;
  at('phone-left').textContent = say('phone.left', { n: Math.ceil(phone.seconds / 60) });
}
