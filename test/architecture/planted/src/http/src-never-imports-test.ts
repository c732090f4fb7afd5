import { outside } from '../../test/outside.js';
export const reached = outside;
