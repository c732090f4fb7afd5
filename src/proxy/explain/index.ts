/** The way into the explainer. */
export { RequestExplainer } from './request-explainer.js';
