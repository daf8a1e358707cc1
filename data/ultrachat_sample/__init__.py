"""Our own short chats in the schema of HuggingFaceH4/ultrachat_200k."""
