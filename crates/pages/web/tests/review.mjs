/** The page of `lookalike review` in a real browser, in every state. */

import './review/states.mjs';
import './review/keys.mjs';
import './review/trouble.mjs';
import './review/groups.mjs';
import './review/many.mjs';
