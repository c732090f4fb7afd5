/** Owns the options of the `body-limit` filter. */
import * as z from 'zod';
import { size } from '../scalars.js';

export const bodyLimitSchema = z.strictObject({
  max: size(0).prefault('1MiB').describe('Largest request body.'),
});
