# SPDX-License-Identifier: Apache-2.0
"""Neutron's REST API, called from inside its namespace."""
import http.client
import json
import socket

from dfharness.netns import inside
from dfharness.process import Failure


class ApiError(Failure):
    """The API refused; 'status' is that of HTTP."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _Connection(http.client.HTTPConnection):
    def __init__(self, namespace, host, port, timeout):
        super().__init__(host, port, timeout=timeout)
        self.namespace = namespace

    def connect(self):
        with inside(self.namespace):
            self.sock = socket.create_connection((self.host, self.port), self.timeout)


class Rest:
    """Every client is admin: the server runs without Keystone.

    Objects are the dictionaries that the API returns, without the wrapper that
    names their type."""

    def __init__(self, namespace, host="127.0.0.1", port=9696, timeout=60):
        self.namespace, self.host, self.port, self.timeout = namespace, host, port, timeout

    def request(self, method, path, body=None):
        connection = _Connection(self.namespace, self.host, self.port, self.timeout)
        try:
            connection.request(method, "/v2.0/" + path, body=body and json.dumps(body),
                               headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        if response.status >= 300:
            raise ApiError(response.status, "%s %s: HTTP %d: %s" % (method, path,
                                                                    response.status, text))
        return json.loads(text) if text else None

    def answers(self):
        """Whether it serves already."""
        try:
            return bool(self.request("GET", "networks?fields=id"))
        except (OSError, http.client.HTTPException, ApiError):
            return False

    def list(self, collection, **filters):
        """list("ports", device_id=...)"""
        query = "&".join("%s=%s" % (k.replace("__", ":"), v) for k, v in filters.items())
        answer = self.request("GET", collection + ("?" + query if query else ""))
        return answer[collection.replace("-", "_")]

    def show(self, collection, ident):
        return self._unwrap(self.request("GET", "%s/%s" % (collection, ident)))

    def create(self, collection, **attributes):
        """create("networks", name="n1", provider__network_type="vlan"): two
        underscores stand for a colon."""
        return self._unwrap(self.request("POST", collection, self._wrap(collection, attributes)))

    def update(self, collection, ident, **attributes):
        return self._unwrap(self.request("PUT", "%s/%s" % (collection, ident),
                                         self._wrap(collection, attributes)))

    def delete(self, collection, ident):
        self.request("DELETE", "%s/%s" % (collection, ident))

    def add_router_interface(self, router, **what):
        """'what': subnet_id or port_id."""
        return self.request("PUT", "routers/%s/add_router_interface" % router, what)

    def remove_router_interface(self, router, **what):
        return self.request("PUT", "routers/%s/remove_router_interface" % router, what)

    @staticmethod
    def _wrap(collection, attributes):
        return {collection[:-1].replace("-", "_"):
                {k.replace("__", ":"): v for k, v in attributes.items()}}

    @staticmethod
    def _unwrap(answer):
        (value,) = answer.values()
        return value
