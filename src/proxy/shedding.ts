import type { Overload } from '../contracts/overload.js';
import type { CompiledRoute } from '../contracts/router.js';

/** Owns which requests an overloaded worker refuses: all but those of critical routes. */
export const sheds = ({ shed }: Pick<Overload, 'shed'>, { config }: CompiledRoute): boolean =>
  shed && config.overload !== 'critical';
