/** Owns the options of the `ip-allow` filter. */
import * as z from 'zod';
import { cidr } from '../scalars.js';

export const ipAllowSchema = z
  .strictObject({
    allow: z
      .array(cidr())
      .prefault([])
      .describe('Addresses and ranges let through; empty for everyone.')
      .meta({ 'x-examples': [['10.0.0.0/8']] }),
    deny: z
      .array(cidr())
      .prefault([])
      .describe('Addresses and ranges refused, asked before `allow`.')
      .meta({ 'x-examples': [['10.9.0.0/16']] }),
  })
  .refine((options) => options.allow.length + options.deny.length > 0, {
    error: 'must list something in allow or deny',
  });
