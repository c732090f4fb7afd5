import { connect } from 'node:net';
export const reached = connect;
