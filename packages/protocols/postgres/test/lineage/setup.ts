/** What the corpus's fixtures lack: row security, rules, domains, a rule on a view, functions. */
export const SETUP = `
  CREATE TABLE patients(id int PRIMARY KEY, doctor text, name text, diagnosis jsonb, tags text[], born date);
  CREATE TABLE audit(at timestamptz DEFAULT now(), who text, what text);
  ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
  ALTER TABLE patients FORCE ROW LEVEL SECURITY;
  CREATE POLICY own ON patients USING (doctor = current_user) WITH CHECK (length(name) > 0);
  CREATE ROLE reader;
  GRANT ALL ON patients, customers, orders, audit, customers_hist TO reader;
  CREATE VIEW germans AS SELECT id, email, country FROM customers WHERE country = 'DE' WITH CHECK OPTION;
  CREATE RULE log_changes AS ON UPDATE TO audit DO ALSO SELECT email FROM customers;
  CREATE TYPE person AS (full_name text, contact text);
  CREATE DOMAIN short AS text CHECK (length(value) < 5);
  CREATE TABLE people(id int, who person, numbers int[]);
  CREATE PROCEDURE touch(INOUT a int) LANGUAGE sql AS 'select a + 1';
  CREATE SEQUENCE counter;
`;
