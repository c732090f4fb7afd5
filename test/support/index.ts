/** Everything a test needs to arrange and to watch, in one import. */
export * from './free-port.js';
export * from './metric-sum.js';
export * from './openssl-client.js';
export * from './process-facts.js';
export * from './raw-client.js';
export * from './recording-upstream.js';
export * from './response-reader.js';
export * from './slowhttptest.js';
export * from './start-nginx.js';
export * from './start-scripted-upstream.js';
export * from './start-torus.js';
export * from './start-upstream.js';
export * from './temp-dir.js';
export * from './test-certificate.js';
export * from './token.js';
export * from './torus-log.js';
export * from './until.js';
