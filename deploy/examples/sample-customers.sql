-- 500 customers that do not exist, to see masks with. Mail domains, card numbers and SSNs are reserved for examples.
CREATE TABLE customers (
  id integer PRIMARY KEY,
  full_name text NOT NULL,
  email text NOT NULL UNIQUE,
  ssn text NOT NULL,
  phone text NOT NULL,
  card text NOT NULL,
  dob date NOT NULL,
  country char(2) NOT NULL,
  notes text
);

CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  total numeric(10, 2) NOT NULL,
  created_at timestamptz NOT NULL
);

INSERT INTO customers
SELECT n,
       (ARRAY['Ada', 'Bela', 'Carla', 'Dario', 'Elif', 'Femi', 'Greta', 'Hugo'])[1 + n % 8] || ' '
         || (ARRAY['Lindqvist', 'Moreau', 'Okafor', 'Pereira', 'Rossi', 'Schmidt', 'Tanaka'])[1 + n % 7],
       'customer' || n || '@' || (ARRAY['mail.example', 'post.example', 'inbox.example'])[1 + n % 3],
       '900-' || lpad((n % 90 + 10)::text, 2, '0') || '-' || lpad((1000 + n)::text, 4, '0'),
       '+1202555' || lpad((100 + n % 100)::text, 4, '0'),
       '4242424242424242',
       date '1955-01-01' + n * 29,
       (ARRAY['DE', 'FR', 'PT', 'SE'])[1 + n % 4],
       CASE WHEN n % 50 = 0 THEN 'asked to be called back; mail customer' || n || '@mail.example' END
FROM generate_series(1, 500) AS n;

INSERT INTO orders
SELECT n, 1 + n % 500, (n * 37 % 20000) / 100.0, timestamptz '2026-01-01 00:00:00Z' + n * interval '2 hours'
FROM generate_series(1, 2000) AS n;

ANALYZE;
