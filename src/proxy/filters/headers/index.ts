/** Owns the policy "edit the fields": of the request on its way up, of the response on its way down. */
import type { HeadersOptions } from '../../../contracts/config.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { Fields } from '../../../contracts/fields.js';
import type { FilterFactory } from '../../../contracts/filter.js';
import type { ResponseHead } from '../../../contracts/message.js';
import { compileEdits } from './field-edits.js';

export const headersFactory: FilterFactory<HeadersOptions> = {
  name: 'headers',
  create({ request, response }) {
    const editRequest = compileEdits(request);
    const editResponse = compileEdits(response);
    const onRequest = (_exchange: Exchange, upstreamFields: Fields): undefined => {
      editRequest?.(upstreamFields);
    };
    const onResponse = (_exchange: Exchange, response: ResponseHead): void => editResponse?.(response.fields);
    return {
      name: 'headers',
      ...(editRequest === undefined ? {} : { onRequest }),
      ...(editResponse === undefined ? {} : { onResponse }),
    };
  },
};
