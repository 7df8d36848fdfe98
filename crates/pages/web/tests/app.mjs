/** The page of `lookalike app` in a real browser, in every state. */

import './app/camera.mjs';
import './app/folders.mjs';
import './app/trouble.mjs';
