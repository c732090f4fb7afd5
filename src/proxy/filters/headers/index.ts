/** Owns the policy "edit the fields": of the request on its way up, of the response on its way down. */
import type { FieldEdits, HeadersOptions } from '../../../contracts/config.js';
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
      explain(_exchange, upstreamFields) {
        editRequest?.(upstreamFields);
        const details = { request: namesIn(request), response: namesIn(response) };
        return { verdict: 'continues', why: describe(details), details };
      },
    };
  },
};

type EditedNames = Readonly<Record<keyof FieldEdits, readonly string[]>>;

const namesIn = ({ remove, set, append }: FieldEdits): EditedNames => ({
  remove,
  set: Object.keys(set),
  append: Object.keys(append),
});

function describe(sides: { readonly request: EditedNames; readonly response: EditedNames }): string {
  const parts = Object.entries(sides).flatMap(([side, edits]) =>
    Object.entries(edits).flatMap(([what, names]) =>
      names.length === 0 ? [] : [`${what}s ${names.join(', ')} in the ${side}`],
    ),
  );
  return parts.length === 0 ? 'it changes nothing' : parts.join('; ');
}
