"""The project's three paths."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.page),
    path("login", views.login),
    path("client-auth-token", views.create_client_auth_token),
]
