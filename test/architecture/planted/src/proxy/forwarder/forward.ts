import { TorusError } from '../../errors/torus-error.js';
export const forward = TorusError;
