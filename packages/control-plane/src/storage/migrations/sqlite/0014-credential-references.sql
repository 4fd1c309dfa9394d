-- A credential may say where its secret is kept, in place of holding it.

alter table credentials add column reference text;
