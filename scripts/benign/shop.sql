-- The shop of deploy/examples/sample-customers.sql with what introspection likes to look at. No new labels.
CREATE SCHEMA warehouse;
CREATE TYPE order_state AS ENUM ('open', 'paid', 'sent');
CREATE DOMAIN sku AS text CHECK (VALUE ~ '^[A-Z]{2}-[0-9]{4}$');
CREATE SEQUENCE invoice_number START 1000;
CREATE TABLE products (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code sku NOT NULL UNIQUE,
  title text NOT NULL,
  price numeric(10, 2) NOT NULL CHECK (price >= 0),
  attributes jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE order_items (
  order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
  position integer NOT NULL,
  product_id integer NOT NULL REFERENCES products,
  quantity integer NOT NULL DEFAULT 1,
  PRIMARY KEY (order_id, position)
);
CREATE TABLE warehouse.stock (
  product_id integer PRIMARY KEY REFERENCES products,
  amount integer NOT NULL,
  counted_at timestamptz NOT NULL
);
CREATE TABLE events (id bigint NOT NULL, happened date NOT NULL, state order_state) PARTITION BY RANGE (happened);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_created ON orders (created_at DESC) WHERE total > 0;
CREATE INDEX products_title ON products (lower(title));
CREATE VIEW order_totals AS
  SELECT customer_id, count(*) AS orders, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE MATERIALIZED VIEW product_sales AS
  SELECT product_id, sum(quantity) AS sold FROM order_items GROUP BY product_id;
CREATE FUNCTION order_total(wanted integer) RETURNS numeric LANGUAGE sql STABLE
  AS 'SELECT total FROM orders WHERE id = wanted';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stock_touch BEFORE UPDATE ON warehouse.stock FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TABLE products IS 'what is sold';
COMMENT ON COLUMN products.price IS 'in euro';

INSERT INTO products (code, title, price, attributes, tags)
SELECT 'AB-' || lpad(n::text, 4, '0'), 'Product ' || n, n * 1.5, jsonb_build_object('weight', n), ARRAY['t' || n % 5]
FROM generate_series(1, 60) AS n;
INSERT INTO order_items SELECT n, p, 1 + (n + p) % 60, 1 + p FROM generate_series(1, 2000) AS n, generate_series(1, 2) AS p;
INSERT INTO warehouse.stock SELECT id, id * 3, timestamptz '2026-02-01 00:00:00Z' FROM products;
INSERT INTO events SELECT n, date '2026-01-01' + n % 365, 'open' FROM generate_series(1, 500) AS n;
REFRESH MATERIALIZED VIEW product_sales;
-- The same order of rows on every server, whatever its data set.
CLUSTER customers USING customers_pkey;
ANALYZE;
