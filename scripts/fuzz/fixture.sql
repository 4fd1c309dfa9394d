-- Tables whose labels come from deploy/examples/policies/labels.yaml: customers and customers_hist by column, people by name.
CREATE TABLE customers (
  id integer PRIMARY KEY, full_name text, email text UNIQUE, ssn text, phone text, card text, dob date, country text, notes text
);
CREATE TABLE customers_hist (LIKE customers);
CREATE TABLE people (
  id integer PRIMARY KEY, mobile bigint, pan numeric, birth_date timestamptz, mail jsonb, last_name text[], first_name varchar(40)
);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, total numeric, created_at timestamptz, remark text);
CREATE INDEX customers_phone ON customers (phone);
CREATE INDEX customers_lower ON customers (lower(email));
CREATE VIEW v_plain AS SELECT id, email, country FROM customers;
CREATE VIEW v_expression AS SELECT id, lower(email) AS contact, concat(ssn, '/', card) AS both_numbers FROM customers;
CREATE VIEW v_join AS SELECT o.id, o.total, c.full_name AS buyer, c.country FROM orders o JOIN customers c ON c.id = o.customer_id;
CREATE VIEW v_filter AS SELECT id, country FROM customers WHERE email LIKE 'k%';
CREATE VIEW v_order AS SELECT id, row_number() OVER (ORDER BY email) AS place FROM customers;
CREATE VIEW v_group AS SELECT length(full_name) AS size, count(*) AS many FROM customers GROUP BY 1;
CREATE FUNCTION f_email(wanted integer) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = wanted';
CREATE FUNCTION f_rows() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
CREATE FUNCTION f_notice(wanted integer) RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE 'looked at %', (SELECT ssn FROM customers WHERE id = wanted); RETURN wanted; END $$;
CREATE FUNCTION f_error(wanted integer) RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN IF (SELECT full_name FROM customers WHERE id = wanted) LIKE 'K%' THEN RAISE EXCEPTION 'stop' USING ERRCODE = '22012'; END IF; RETURN wanted; END $$;
CREATE FUNCTION contact(o orders) RETURNS text LANGUAGE sql STABLE AS 'SELECT phone FROM customers WHERE id = o.customer_id';
