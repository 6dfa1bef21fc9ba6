// The page of an address at which there is nothing.

import { translate } from './language.js';

void translate();
