"""Migrations, inspectdb and ORM work of Django."""
import os, sys, tempfile, pathlib
from urllib.parse import urlparse

where = pathlib.Path(tempfile.mkdtemp())
app = where / "blog"
app.mkdir()
(app / "__init__.py").write_text("")
(app / "models.py").write_text("""
from django.contrib.auth.models import User
from django.db import models
from django.contrib.postgres.fields import ArrayField

class Tag(models.Model):
    label = models.CharField(max_length=50, unique=True)

class Post(models.Model):
    title = models.CharField(max_length=200, db_index=True)
    body = models.TextField(blank=True)
    published = models.DateTimeField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    extra = models.JSONField(default=dict)
    words = ArrayField(models.CharField(max_length=20), default=list)
    tags = models.ManyToManyField(Tag)
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)

    class Meta:
        indexes = [models.Index(fields=["published", "title"])]
        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="price_positive")]
""")
sys.path.insert(0, str(where))
at = urlparse(os.environ["DATABASE_URL"])
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.admin", "django.contrib.messages", "django.contrib.postgres", "blog"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": at.hostname, "PORT": at.port, "USER": at.username, "PASSWORD": at.password, "NAME": at.path[1:]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="x", USE_TZ=True,
)
django.setup()
from django.core.management import call_command
from io import StringIO

call_command("makemigrations", "blog", verbosity=0)
call_command("migrate", verbosity=0)
call_command("inspectdb", "customers", "orders", "products", "order_items", stdout=StringIO())
call_command("inspectdb", include_views=True, include_partitions=True, stdout=StringIO())
call_command("showmigrations", stdout=StringIO())
call_command("createcachetable", "cache_entries", verbosity=0) if False else None

from blog.models import Post, Tag
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Avg, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import Lower, RowNumber, TruncMonth
from django.utils import timezone
import datetime

day = datetime.datetime(2026, 3, 4, tzinfo=datetime.timezone.utc)
red, blue = Tag.objects.create(label="red"), Tag.objects.create(label="blue")
posts = Post.objects.bulk_create([Post(title=f"Post {n}", body="text", published=day if n % 2 else None, price=n, extra={"n": n}, words=["a", "b"]) for n in range(10)])
posts[0].tags.set([red, blue])
Post.objects.get(pk=posts[1].pk)
list(Post.objects.filter(title__icontains="post").order_by("-published", "title")[:5])
list(Post.objects.filter(Q(price__gt=3) | Q(body=""), published__isnull=False).exclude(title="x").values("id", "title"))
list(Post.objects.filter(extra__n=3))
list(Post.objects.filter(words__contains=["a"]).values_list("id", flat=True))
list(Post.objects.select_related("author").prefetch_related("tags").all())
list(Post.objects.annotate(n=Count("tags")).filter(n__gt=0))
Post.objects.aggregate(Avg("price"), Max("price"), Sum("price"), Count("id"))
list(Post.objects.annotate(month=TruncMonth("published")).values("month").annotate(n=Count("id")).order_by("month"))
list(Post.objects.annotate(low=Lower("title"), place=Window(RowNumber(), order_by=F("price").desc())).values("low", "place"))
list(Tag.objects.annotate(used=Exists(Post.objects.filter(tags=OuterRef("pk")))))
list(Post.objects.annotate(tag=Subquery(Tag.objects.filter(post=OuterRef("pk")).values("label")[:1])).values("id", "tag"))
Post.objects.filter(pk=posts[2].pk).update(price=F("price") + 1)
Post.objects.get_or_create(title="Post 99", defaults={"body": "new"})
Post.objects.update_or_create(title="Post 99", defaults={"body": "newer"})
posts[3].title = "Changed"
posts[3].save()
posts[4].delete()
Post.objects.filter(price__gt=100).exists()
Post.objects.count()
list(Post.objects.raw("select * from blog_post where id < %s", [5]))
with transaction.atomic():
    Post.objects.select_for_update().get(pk=posts[5].pk)
    with transaction.atomic():
        Tag.objects.bulk_create([Tag(label="red"), Tag(label="green")], ignore_conflicts=True)
list(Post.objects.only("id", "title").iterator(chunk_size=4))
list(User.objects.filter(is_staff=True).values("id", "username"))
Session.objects.filter(expire_date__lt=timezone.now()).count()
with connection.cursor() as cursor:
    cursor.execute("select country, count(*) from customers group by country order by 1")
    cursor.fetchall()
    connection.introspection.table_names(cursor)
    for table in ("customers", "orders", "blog_post"):
        connection.introspection.get_constraints(cursor, table)
        connection.introspection.get_sequences(cursor, table)
call_command("sqlflush", stdout=StringIO())
call_command("migrate", "blog", "zero", verbosity=0)
