# Migrations and queries of ActiveRecord.
require "active_record"
require "logger"
ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE_URL"))
ActiveRecord::Migration.verbose = false
class CreateArticles < ActiveRecord::Migration[6.1]
  def change
    create_table(:articles) { |t| t.string :title, null: false, index: true; t.text :body; t.jsonb :extra, default: {}; t.references :order, foreign_key: true; t.timestamps }
    add_column :articles, :state, :integer, default: 0, null: false
    add_index :articles, [:state, :title]
    add_check_constraint :articles, "state >= 0", name: "state_positive"
  end
end
class Customer < ActiveRecord::Base; has_many :orders; end
class Order < ActiveRecord::Base; belongs_to :customer; has_many :articles; end
class Article < ActiveRecord::Base; belongs_to :order, optional: true; validates :title, uniqueness: true; end
ActiveRecord::SchemaMigration.create_table
ActiveRecord::InternalMetadata.create_table
CreateArticles.migrate(:up)
Article.reset_column_information
a = Article.create!(title: "one", body: "b", order_id: 3, extra: { x: 1 })
Article.create!(title: "two")
a.update!(state: 1)
Article.where(state: [0, 1]).order(created_at: :desc).limit(5).to_a
Article.where("extra->>'x' = ?", "1").pluck(:id, :title)
Article.includes(order: :customer).where(orders: { customer_id: 4 }).to_a
Article.joins(:order).group(:state).count
Article.find_by(title: "two")&.touch
Article.upsert_all([{ id: a.id, title: "uno", created_at: Time.at(0), updated_at: Time.at(0) }])
Article.find_in_batches(batch_size: 1) { |_| }
Article.exists?(title: "none")
Order.find(5).customer.country
Order.where(customer_id: 7).order(:created_at).last
Order.where(created_at: Time.utc(2026, 1, 1)..Time.utc(2026, 1, 10)).sum(:total)
Order.joins(:customer).group("customers.country").average(:total)
Order.group("date_trunc('month', created_at)").count
Customer.where(country: "DE").limit(10).pluck(:id, :country)
Customer.where(email: "customer8@inbox.example").pick(:id)
Article.transaction { Article.lock.find(a.id); Article.transaction(requires_new: true) { a.reload.destroy! } }
c = ActiveRecord::Base.connection
c.tables; c.views; c.data_sources; c.extensions; c.schema_names; c.current_schema; c.encoding; c.collation
%w[customers orders products order_items articles].each { |t| c.columns(t); c.primary_key(t); c.indexes(t); c.foreign_keys(t); c.check_constraints(t); c.table_comment(t); c.pk_and_sequence_for(t) }
c.select_all("explain select * from orders where id = 4").to_a
require "stringio"
ActiveRecord::SchemaDumper.dump(c, StringIO.new)
CreateArticles.migrate(:down)
