import java.nio.file.*;
import java.sql.*;
import java.util.*;

/** Flyway, Liquibase or Hibernate, by the first argument. */
public class Migrate {
  @jakarta.persistence.Entity(name = "Parcel") @jakarta.persistence.Table(name = "parcels") public static class Parcel { @jakarta.persistence.Id @jakarta.persistence.GeneratedValue public Long id; @jakarta.persistence.Column(length = 40) public String label; public java.math.BigDecimal weight; @jakarta.persistence.Version public int version; @jakarta.persistence.ManyToOne(fetch = jakarta.persistence.FetchType.LAZY) public Buyer buyer; }
  @jakarta.persistence.Entity(name = "Buyer") @jakarta.persistence.Table(name = "orders") public static class Buyer { @jakarta.persistence.Id public Integer id; public Integer customer_id; public java.math.BigDecimal total; }
  static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?sslmode=disable";

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "flyway" -> flyway();
      case "liquibase" -> liquibase();
      case "hibernate" -> hibernate();
    }
  }

  static void flyway() throws Exception {
    Path dir = Files.createTempDirectory("flyway");
    Files.writeString(dir.resolve("V1__parcels.sql"), "create table parcels (id serial primary key, label text);\ncreate index parcels_label on parcels (label);");
    Files.writeString(dir.resolve("V2__weight.sql"), "alter table parcels add column weight numeric;\ninsert into parcels (label, weight) values ('a', 1), ('b', 2);\nupdate parcels set weight = 3 where label = 'a';");
    Files.writeString(dir.resolve("V3__function.sql"), "create function parcel_count() returns bigint language sql as $$ select count(*) from parcels $$;");
    Files.writeString(dir.resolve("R__view.sql"), "create or replace view heavy as select * from parcels where weight > 2;");
    var f = org.flywaydb.core.Flyway.configure().dataSource(URL, "postgres", "unused").locations("filesystem:" + dir).baselineOnMigrate(true).baselineVersion("0").load();
    f.info(); f.migrate(); f.validate(); f.info(); f.migrate(); f.repair();
  }

  static void liquibase() throws Exception {
    Path dir = Files.createTempDirectory("liquibase");
    Files.writeString(dir.resolve("log.yaml"), """
      databaseChangeLog:
        - changeSet: { id: 1, author: a, changes: [ { createTable: { tableName: parcels, columns: [ { column: { name: id, type: bigint, autoIncrement: true, constraints: { primaryKey: true } } }, { column: { name: label, type: varchar(40) } } ] } } ] }
        - changeSet: { id: 2, author: a, preConditions: [ { tableExists: { tableName: parcels } } ], changes: [ { addColumn: { tableName: parcels, columns: [ { column: { name: weight, type: numeric } } ] } }, { createIndex: { tableName: parcels, indexName: pl, columns: [ { column: { name: label } } ] } } ] }
        - changeSet: { id: 3, author: a, changes: [ { insert: { tableName: parcels, columns: [ { column: { name: label, value: x } } ] } }, { update: { tableName: parcels, columns: [ { column: { name: weight, valueNumeric: 4 } } ], where: "label = 'x'" } } ] }
        - changeSet: { id: 4, author: a, changes: [ { renameColumn: { tableName: parcels, oldColumnName: weight, newColumnName: kilos, columnDataType: numeric } }, { sql: { sql: "create view heavy as select * from parcels where kilos > 2" } } ] }
      """);
    try (Connection c = DriverManager.getConnection(URL, "postgres", "unused")) {
      var db = liquibase.database.DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new liquibase.database.jvm.JdbcConnection(c));
      var l = new liquibase.Liquibase("log.yaml", new liquibase.resource.DirectoryResourceAccessor(dir), db);
      l.update(""); l.update(""); l.tag("t1"); l.listUnrunChangeSets(new liquibase.Contexts(), new liquibase.LabelExpression());
      liquibase.snapshot.SnapshotGeneratorFactory.getInstance().createSnapshot(db.getDefaultSchema(), db, new liquibase.snapshot.SnapshotControl(db));
    }
  }

  static void hibernate() {
    var cfg = new org.hibernate.cfg.Configuration().addAnnotatedClass(Parcel.class).addAnnotatedClass(Buyer.class);
    cfg.setProperty("hibernate.connection.url", URL).setProperty("hibernate.connection.username", "postgres").setProperty("hibernate.connection.password", "unused").setProperty("hibernate.hbm2ddl.auto", "update").setProperty("hibernate.jdbc.batch_size", "10");
    try (var f = cfg.buildSessionFactory()) {
      f.inTransaction(s -> { for (int n = 0; n < 5; n++) { Parcel p = new Parcel(); p.label = "p" + n; p.weight = java.math.BigDecimal.valueOf(n); p.buyer = s.getReference(Buyer.class, n + 1); s.persist(p); } });
      f.inTransaction(s -> { s.createQuery("from Parcel p join fetch p.buyer where p.weight > :w order by p.id", Parcel.class).setParameter("w", java.math.BigDecimal.ONE).setMaxResults(3).list(); s.get(Buyer.class, 4); s.createQuery("select b.customer_id, sum(b.total) from Buyer b where b.id < 30 group by b.customer_id", Object[].class).list(); });
      f.inTransaction(s -> { Parcel p = s.get(Parcel.class, 1L); p.label = "changed"; });
      f.inTransaction(s -> { s.createMutationQuery("update Parcel p set p.weight = p.weight + 1 where p.label like 'p%'").executeUpdate(); s.createNativeQuery("select count(*) from orders where total > 10", Long.class).getSingleResult(); s.remove(s.get(Parcel.class, 2L)); });
    }
  }
}
