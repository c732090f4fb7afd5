import { connect } from 'node:tls';
export const reached = connect;
