/** The way into the router stage. */
export { compileRouter } from './compile-router.js';
export { compileRewrite } from './rewrite-path.js';
