/** Marks copies for the upstream. Only Torus may say so: on mirrored routes a client's own is removed. */
export const MIRROR_FIELD = 'x-torus-mirror';
