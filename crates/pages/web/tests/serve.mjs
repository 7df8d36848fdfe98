/** The page of `lookalike serve` in a real browser, in every state. */

import './serve/states.mjs';
import './serve/ways.mjs';
import './serve/keys.mjs';
import './serve/files.mjs';
import './serve/trouble.mjs';
import './serve/many.mjs';
import './serve/foreign.mjs';
import './serve/phone.mjs';
