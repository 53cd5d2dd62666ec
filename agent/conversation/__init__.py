"""Chatting with the analyst. Start at agent/chat.py, the graph on one screen; then models.py and protocol.py here.

understanding/ reads a question, intents/ answers it without a model, model/ with one; sentences.py checks what they
want to say, threads.py keeps it, service.py runs it.
"""
