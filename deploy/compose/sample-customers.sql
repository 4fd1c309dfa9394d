-- 500 customers that do not exist, to see masks with.
CREATE TABLE customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  country char(2) NOT NULL
);

CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  amount numeric(10, 2) NOT NULL,
  placed_at timestamptz NOT NULL
);

INSERT INTO customers
SELECT n, 'Customer ' || n, 'customer' || n || '@mail.example', (ARRAY['DE', 'FR', 'PT', 'SE'])[1 + n % 4]
FROM generate_series(1, 500) AS n;

INSERT INTO orders
SELECT n, 1 + n % 500, (n * 37 % 20000) / 100.0, timestamptz '2026-01-01 00:00:00Z' + n * interval '2 hours'
FROM generate_series(1, 2000) AS n;
