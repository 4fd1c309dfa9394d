// Plays the scenarios with pgx and prints one JSON line for each, as ../shared/scenarios.mjs does.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

type values = []any

type scenario struct {
	name string
	play func(ctx context.Context, conn *pgx.Conn) (any, error)
}

var notices values

func main() {
	ctx := context.Background()
	conn, err := connect(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, one := range scenarios {
		limited, cancel := context.WithTimeout(ctx, 90*time.Second)
		line := map[string]any{"scenario": one.name}
		if result, err := one.play(limited, conn); err != nil {
			line["error"] = err.Error()
		} else {
			line["result"] = result
		}
		cancel()
		text, _ := json.Marshal(line)
		fmt.Println(string(text))
	}
}

// connect takes host and the like from the variables of libpq.
func connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		notices = append(notices, values{notice.SeverityUnlocalized, notice.Code, notice.Message})
	}
	return pgx.ConnectConfig(ctx, config)
}

func rows(ctx context.Context, conn *pgx.Conn, sql string, arguments ...any) (values, error) {
	found, err := conn.Query(ctx, sql, arguments...)
	if err != nil {
		return nil, err
	}
	return collect(found)
}

func collect(found pgx.Rows) (values, error) {
	all := values{}
	for found.Next() {
		row, err := found.Values()
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, found.Err()
}

func errorOf(err error) any {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return values{server.Code, server.Message, server.ConstraintName, server.Position}
	}
	if err != nil {
		return err.Error()
	}
	return "no error"
}

// failure is the error of a query.
func failure(ctx context.Context, conn *pgx.Conn, sql string, arguments ...any) any {
	_, err := rows(ctx, conn, sql, arguments...)
	return errorOf(err)
}

var scenarios = []scenario{
	{"connect", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		found, err := rows(ctx, conn, "select current_database(), current_user::text")
		parameters := values{}
		for _, name := range []string{"server_version", "client_encoding", "standard_conforming_strings", "TimeZone"} {
			parameters = append(parameters, conn.PgConn().ParameterStatus(name))
		}
		return values{found, parameters}, err
	}},
	{"simple", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		several, err := conn.PgConn().Exec(ctx, "select 1; select 'two', null; create temp table t (a int)").ReadAll()
		said := values{}
		for _, one := range several {
			said = append(said, values{one.CommandTag.String(), one.Rows})
		}
		if err != nil {
			return nil, err
		}
		found, err := rows(ctx, conn, "select $1::int, $2::text, $3::float8", pgx.QueryExecModeSimpleProtocol, 5, "it's", 1.5)
		return values{said, found}, err
	}},
	{"parameters in every mode", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		all := values{}
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			found, err := rows(ctx, conn, "select $1::int2, $2::int4, $3::int8, $4::float8, $5::bool, $6::text, $7::bytea, $8::date, $9::timestamptz, $10::uuid, $11::numeric, $12::text", mode,
				int16(-7), int32(2147483647), int64(9223372036854775807), 0.1, true, "tëxt", []byte{0, 1, 255}, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Unix(0, 0).UTC(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "1.50", nil)
			if err != nil {
				return nil, fmt.Errorf("%v: %w", mode, err)
			}
			all = append(all, found)
		}
		return all, nil
	}},
	{"prepared", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		statement, err := conn.Prepare(ctx, "by-id", "select label from numbers where n = $1")
		if err != nil {
			return nil, err
		}
		all := values{statement.ParamOIDs}
		for _, id := range []int{1, 500, -1} {
			found, err := rows(ctx, conn, "by-id", id)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		return all, conn.Deallocate(ctx, "by-id")
	}},
	{"transaction and savepoint", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable})
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if _, err := tx.Exec(ctx, "insert into items (name) values ($1)", "kept"); err != nil {
			return nil, err
		}
		inner, err := tx.Begin(ctx)
		if err != nil {
			return nil, err
		}
		_, failed := inner.Exec(ctx, "insert into items (name) values ('kept')")
		state := string(conn.PgConn().TxStatus())
		if err := inner.Rollback(ctx); err != nil {
			return nil, err
		}
		if err := tx.Commit(ctx); err != nil {
			return nil, err
		}
		found, err := rows(ctx, conn, "select name from items order by name")
		return values{errorOf(failed), state, found}, err
	}},
	{"errors, then on", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		said := values{failure(ctx, conn, "select 1/0"), failure(ctx, conn, "selec 1"), failure(ctx, conn, "select * from nowhere where a = $1", 1), failure(ctx, conn, "insert into customers (id) values ($1)", 1)}
		found, err := rows(ctx, conn, "select 1 as on")
		return values{said, found}, err
	}},
	{"failed transaction", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		if _, err := conn.Exec(ctx, "begin"); err != nil {
			return nil, err
		}
		said := values{failure(ctx, conn, "select 1/0"), failure(ctx, conn, "select 1")}
		tag, err := conn.Exec(ctx, "commit")
		return values{said, tag.String()}, err
	}},
	{"batch", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		play := func(failing int) values {
			batch := &pgx.Batch{}
			for n := range 50 {
				batch.Queue("select 10/$1::int", n-failing)
			}
			results := conn.SendBatch(ctx, batch)
			said := values{}
			for range 50 {
				found, err := results.Query()
				if err == nil {
					var all values
					all, err = collect(found)
					said = append(said, all)
				}
				if err != nil {
					said = append(said, errorOf(err))
					break
				}
			}
			_ = results.Close()
			return said
		}
		return values{play(-1), play(25)}, nil
	}},
	{"pipeline", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		pipeline := conn.PgConn().StartPipeline(ctx)
		pipeline.SendQueryParams("select $1::int", [][]byte{[]byte("1")}, nil, nil, nil)
		pipeline.SendQueryParams("select 1/$1::int", [][]byte{[]byte("0")}, nil, nil, nil)
		pipeline.SendQueryParams("select 'skipped'", nil, nil, nil, nil)
		if err := pipeline.Sync(); err != nil {
			return nil, err
		}
		pipeline.SendQueryParams("select 'after'", nil, nil, nil, nil)
		if err := pipeline.Sync(); err != nil {
			return nil, err
		}
		said := values{}
		for syncs := 0; syncs < 2; {
			result, err := pipeline.GetResults()
			if err != nil {
				said = append(said, errorOf(err))
				continue
			}
			switch one := result.(type) {
			case *pgconn.ResultReader:
				read := one.Read()
				said = append(said, values{read.Rows, errorOf(read.Err)})
			case *pgconn.PipelineSync:
				said = append(said, "sync")
				syncs++
			}
		}
		return said, pipeline.Close()
	}},
	{"cursor", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback(ctx) }()
		if _, err := tx.Exec(ctx, "declare c scroll cursor for select n from numbers order by n"); err != nil {
			return nil, err
		}
		first, err := rows(ctx, conn, "fetch 3 from c")
		if err != nil {
			return nil, err
		}
		last, err := rows(ctx, conn, "fetch last from c")
		return values{first, last}, err
	}},
	{"copy in, out and fail", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		if _, err := conn.Exec(ctx, "create temp table copied (a int, b text)"); err != nil {
			return nil, err
		}
		binary, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"a", "b"}, pgx.CopyFromSlice(2000, func(n int) ([]any, error) {
			return []any{n, fmt.Sprint("line ", n)}, nil
		}))
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		out, err := conn.PgConn().CopyTo(ctx, hash, "copy copied to stdout (format csv)")
		if err != nil {
			return nil, err
		}
		_, broken := conn.PgConn().CopyFrom(ctx, strings.NewReader("x\ty\n"), "copy copied from stdin")
		found, err := rows(ctx, conn, "select count(*), sum(a)::int8 from copied")
		return values{binary, out.String(), hex.EncodeToString(hash.Sum(nil)), errorOf(broken), found}, err
	}},
	{"listen and notify", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		if _, err := conn.Exec(ctx, "listen news"); err != nil {
			return nil, err
		}
		other, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := other.Exec(ctx, "select pg_notify('news', 'päyload')"); err != nil {
			return nil, err
		}
		_ = other.Close(ctx)
		heard, err := conn.WaitForNotification(ctx)
		if err != nil {
			return nil, err
		}
		return values{heard.Channel, heard.Payload}, nil
	}},
	{"cancel", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		other, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		go func() {
			asleep := 0
			for range 200 {
				_ = other.QueryRow(ctx, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'").Scan(&asleep)
				if asleep > 0 {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			_ = conn.PgConn().CancelRequest(ctx)
			_ = other.Close(ctx)
		}()
		said := failure(ctx, conn, "select pg_sleep(60)")
		found, err := rows(ctx, conn, "select 3 as on")
		return values{said, found}, err
	}},
	{"notice", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		notices = nil
		_, err := conn.Exec(ctx, "do $$ begin raise notice 'hello %', 1; raise warning using errcode = '01234', message = 'mind'; end $$")
		return notices, err
	}},
	{"big result", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		hash := sha256.New()
		found, err := conn.Query(ctx, "select n, repeat('x', 50) || n from generate_series(1, 200000) n")
		if err != nil {
			return nil, err
		}
		for found.Next() {
			for _, value := range found.RawValues() {
				hash.Write(value)
			}
		}
		return values{found.CommandTag().String(), hex.EncodeToString(hash.Sum(nil))}, found.Err()
	}},
	{"large parameter", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		return rows(ctx, conn, "select length($1::text), octet_length($2::bytea)", strings.Repeat("ä", 4_000_000), bytes.Repeat([]byte{7}, 5_000_000))
	}},
	{"many parameters", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		arguments := make([]any, 65_535)
		names := make([]string, len(arguments))
		for n := range arguments {
			arguments[n] = n
			names[n] = fmt.Sprint("$", n+1)
		}
		return rows(ctx, conn, "select count(*), sum(v)::int8 from unnest(array["+strings.Join(names, ",")+"]::int[]) v", arguments...)
	}},
	{"unicode", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		found, err := conn.Query(ctx, `select $1::text as "naïve ☃", length($1) from (select 1) as "größe"`, "🐘 l’été שלום")
		if err != nil {
			return nil, err
		}
		name := found.FieldDescriptions()[0].Name
		all, err := collect(found)
		return values{name, all}, err
	}},
	{"arrays, json, numeric, ranges", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		return rows(ctx, conn, "select $1::int[], $2::text[], $3::jsonb, $4::numeric::text, $5::int4range, array[[1,2],[3,4]], row(1,'a,b',null)::text, '{}'::int[], '{[1,3),[5,8)}'::int4multirange",
			[]*int32{nil}, []string{`a"b`, "c,d", ""}, map[string]any{"deep": []bool{true}}, "123456789012345678901234567890.000001",
			pgtype.Range[pgtype.Int4]{Lower: pgtype.Int4{Int32: 1, Valid: true}, Upper: pgtype.Int4{Int32: 5, Valid: true}, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true})
	}},
	{"labelled", func(ctx context.Context, conn *pgx.Conn) (any, error) {
		all := values{}
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			found, err := rows(ctx, conn, "select id, name, email, ssn from customers where id < $1 order by id", mode, 100)
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		var copied bytes.Buffer
		_, err := conn.PgConn().CopyTo(ctx, &copied, "copy (select id, ssn from customers order by id) to stdout")
		batch := &pgx.Batch{}
		batch.Queue("select email from customers where id = $1", 1)
		batch.Queue("select ssn from customers where id = $1", 2)
		results := conn.SendBatch(ctx, batch)
		for range 2 {
			found, err := results.Query()
			if err != nil {
				return nil, err
			}
			row, err := collect(found)
			if err != nil {
				return nil, err
			}
			all = append(all, row)
		}
		_ = results.Close()
		return values{all, copied.String()}, err
	}},
}
