/** Owns how the steps of the overload ladder are called by their level, as metrics and the admin API tell it. */
import type { OverloadStep } from '../../contracts/overload.js';

const STEPS: readonly OverloadStep[] = ['shorten-idle', 'no-keep-alive', 'shed'];

/** 1 is the mildest. Undefined for 0, which is none, and for what this version does not know. */
export const overloadStep = (level: number): OverloadStep | undefined => STEPS[level - 1];
