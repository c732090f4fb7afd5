// Health check for containers: `node probe.mjs readyz|livez` exits with 0 when the admin API answers 200 within two seconds.
// Asks the address in TORUS_ADMIN, or else the default one.
import { get } from 'node:http';

const TIMEOUT_MS = 2_000;
const [endpoint = 'readyz'] = process.argv.slice(2);
const address = process.env.TORUS_ADMIN ?? '127.0.0.1:9901';
// A wildcard is an address to listen on, not one to call.
const authority = address.replace(/^(0\.0\.0\.0|\[::\])?:/, '127.0.0.1:');

const fail = (why) => {
  console.error(`${endpoint}: ${why}`);
  process.exit(1);
};

get(`http://${authority}/${endpoint}`, { agent: false, timeout: TIMEOUT_MS }, (response) => {
  response.resume();
  if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
})
  .on('timeout', () => fail('no answer'))
  .on('error', (error) => fail(error.message));
