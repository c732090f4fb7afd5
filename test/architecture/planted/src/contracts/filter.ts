export interface Filter { readonly name: string }
